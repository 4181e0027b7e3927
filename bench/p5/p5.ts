/**
 * Bench P5: parsing against peggy and Langium on the same text in the same run, and compiling 1,000 contracts.
 * `node bench/p5/p5.ts [--json]`; writes bench/results/p5.json and p5.svg. Exit code 1 where a target is missed or the engines disagree.
 */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs, promisify } from "node:util";
import { contractsText } from "./contracts-text.ts";
import { type Counts, ENGINES, type EngineName, makeEngine, normalForm } from "./engines.ts";
import { median } from "./median.ts";
import { plot } from "./plot.ts";

const CONTRACTS_IN_TEXT = 560;
const CONTRACTS_COMPILED = 1000;
const TURNS = 3;
const ROUNDS = 11;
const TARGETS = { parseMbPerS: 10, compileMs: 2000, compileRssMb: 300 };

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const run = promisify(execFile);

interface ParseFigures {
  readonly setupMs: number;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly bestMs: number;
  readonly rssMb: number;
}
interface CompileFigures {
  readonly ms: number;
  readonly rssMb: number;
  readonly bundles: number;
  readonly errors: number;
  readonly warnings: number;
}

async function inChild<Figures>(script: string, args: readonly string[]): Promise<Figures> {
  const path = join(import.meta.dirname, script);
  const { stdout } = await run(process.execPath, [path, ...args], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Figures;
}

/** The engines must read the same thing, else their speeds compare nothing. @throws where they do not */
async function agree(text: string): Promise<Counts> {
  const [ours, peggy, langium] = await Promise.all(ENGINES.map((name) => makeEngine[name]()));
  if (ours === undefined || peggy === undefined || langium === undefined) throw new Error("an engine is missing");
  const tree = ours.parse(text) as { readonly file: unknown };
  const counts = ours.counts(tree);
  if (counts.errors > 0) throw new Error("the bench text has mistakes");
  if (!isDeepStrictEqual(normalForm(tree.file), normalForm(peggy.parse(text))))
    throw new Error("peggy reads another tree");
  const theirs = langium.counts(langium.parse(text));
  if (!isDeepStrictEqual(theirs, counts))
    throw new Error(`Langium reads ${JSON.stringify(theirs)}, not ${JSON.stringify(counts)}`);
  return counts;
}

const text = contractsText(CONTRACTS_IN_TEXT);
const bytes = Buffer.byteLength(text);
const counts = await agree(text);

// The engines take turns, so that a slow spell of the machine falls on all of them.
const turns: { readonly [name in EngineName]: ParseFigures[] } = { ours: [], peggy: [], langium: [] };
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const name of ENGINES) {
    turns[name].push(await inChild<ParseFigures>("parse-child.ts", [name, String(CONTRACTS_IN_TEXT), String(ROUNDS)]));
  }
}
const middle = (figures: readonly ParseFigures[], key: keyof ParseFigures): number =>
  median(figures.map((one) => one[key]));
const ourMs = middle(turns.ours, "medianMs");
const parsing = ENGINES.map((name) => {
  const medianMs = middle(turns[name], "medianMs");
  return {
    engine: name,
    mbPerS: bytes / 1000 / medianMs,
    bestMbPerS: bytes / 1000 / Math.min(...turns[name].map((one) => one.bestMs)),
    oursIsFasterBy: medianMs / ourMs,
    medianMs,
    firstMs: middle(turns[name], "firstMs"),
    setupMs: middle(turns[name], "setupMs"),
    rssMb: middle(turns[name], "rssMb"),
  };
});

const compiles: CompileFigures[] = [];
for (let turn = 0; turn < TURNS; turn += 1) {
  compiles.push(await inChild<CompileFigures>("compile-child.ts", [String(CONTRACTS_COMPILED)]));
}
const compiling = {
  contracts: CONTRACTS_COMPILED,
  medianMs: median(compiles.map(({ ms }) => ms)),
  rssMb: median(compiles.map(({ rssMb }) => rssMb)),
  bundles: Math.min(...compiles.map(({ bundles }) => bundles)),
  errors: Math.max(...compiles.map(({ errors }) => errors)),
  warnings: Math.max(...compiles.map(({ warnings }) => warnings)),
};

const checks = [
  { what: `parse at least ${TARGETS.parseMbPerS} MB/s`, met: (parsing[0]?.mbPerS ?? 0) >= TARGETS.parseMbPerS },
  {
    what: `${CONTRACTS_COMPILED} contracts in less than ${TARGETS.compileMs} ms`,
    met: compiling.medianMs < TARGETS.compileMs,
  },
  { what: `in less than ${TARGETS.compileRssMb} MB`, met: compiling.rssMb < TARGETS.compileRssMb },
  { what: "every contract gave its bundle", met: compiling.bundles === CONTRACTS_COMPILED },
];
const processor = cpus()[0]?.model ?? "unknown";
const report = {
  bench: "P5",
  node: process.version,
  processor: `${processor} x ${cpus().length}`,
  text: { bytes, ...counts },
  parsing,
  compiling,
  targets: TARGETS,
  checks,
};

const results = join(import.meta.dirname, "../results");
mkdirSync(results, { recursive: true });
writeFileSync(join(results, "p5.json"), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(
  join(results, "p5.svg"),
  plot(parsing, TARGETS.parseMbPerS, `${(bytes / 1e6).toFixed(2)} MB, ${counts.clauses} clauses`),
);

if (values.json) console.log(JSON.stringify(report, null, 2));
else {
  console.log(
    `P5 parse: one text of ${bytes} bytes, ${counts.contracts} contracts, ${counts.clauses} clauses, ${counts.tests} tests`,
  );
  console.log("engine    MB/s  best MB/s  ours faster by  first ms  setup ms  RSS MB");
  for (const one of parsing) {
    const cells = [
      one.mbPerS.toFixed(1).padStart(5),
      one.bestMbPerS.toFixed(1).padStart(9),
      `${one.oursIsFasterBy.toFixed(2)}x`.padStart(14),
    ];
    const costs = [one.firstMs, one.setupMs, one.rssMb].map((value, index) =>
      value.toFixed(0).padStart(index === 2 ? 6 : 8),
    );
    console.log([one.engine.padEnd(8), ...cells, ...costs].join("  "));
  }
  console.log(
    `P5 compile: ${compiling.contracts} contracts checked and lowered in ${compiling.medianMs.toFixed(0)} ms, ${compiling.rssMb.toFixed(0)} MB, ` +
      `${compiling.errors} errors, ${compiling.warnings} warnings`,
  );
  for (const { what, met } of checks) console.log(`${met ? "met   " : "MISSED"} ${what}`);
}
process.exitCode = checks.every(({ met }) => met) ? 0 : 1;
