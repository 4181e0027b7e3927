/** Measures one engine in a process of its own, so that its memory is its own: `node parse-child.ts ENGINE COUNT ROUNDS`. */
import { contractsText } from "./contracts-text.ts";
import { type EngineName, makeEngine } from "./engines.ts";
import { median } from "./median.ts";

const WARM_UP = 4;

const [name, count, rounds] = process.argv.slice(2);
const text = contractsText(Number(count));
const begin = performance.now();
const engine = await makeEngine[name as EngineName]();
const setupMs = performance.now() - begin;

const once = (): number => {
  const start = performance.now();
  engine.parse(text);
  return performance.now() - start;
};
const firstMs = once();
// Until the compiler of the engine's own code has settled, a run measures that compiler.
for (let round = 0; round < WARM_UP; round += 1) once();
const times = Array.from({ length: Number(rounds) }, once);
const rssMb = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ setupMs, firstMs, medianMs: median(times), bestMs: Math.min(...times), rssMb }));
