/**
 * Bench P4: a decision over the local API, in the ledger and on the disk when it is answered, against a bare node:http server
 * that writes as many bytes and calls fdatasync. A real agent, enrolled at a real hub, with and without json-rules-engine.
 * `node bench/p4/p4.ts [--json]`; writes bench/results/p4.json and p4.svg. Exit code 1 where the target is missed.
 */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { STATIONS } from "../../src/cli/story/uv-story.ts";
import { readLamp, startLpFloor } from "../../test/e2e/lp-floor.ts";
import { quantile, showNs, table } from "../measure.ts";
import { report } from "../results.ts";

const ROUNDS = 40;
const CALLS_PER_ROUND = 50;
const CALLS = ROUNDS * CALLS_PER_ROUND;
const WARM_UP_ROUNDS = 6;
const TARGET = 2;

const keepAlive = new Agent({ keepAlive: true });

interface Call {
  readonly port: number;
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body: string;
}

function post({ port, path, headers = {}, body }: Call): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers };
    const call = request(
      { host: "127.0.0.1", port, path, method: "POST", headers: sent, agent: keepAlive },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("end", () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(text))));
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

interface Latency {
  readonly what: string;
  readonly p50Ns: number;
  readonly p99Ns: number;
}

interface Way {
  readonly what: string;
  readonly call: (turn: number) => Promise<string>;
}

/** The ways take turns, so that a slow spell of the machine falls on all of them. */
async function latenciesOf(ways: readonly Way[]): Promise<readonly Latency[]> {
  const times = ways.map((): number[] => []);
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const [index, { call }] of ways.entries()) {
      for (let turn = 0; turn < CALLS_PER_ROUND; turn++) {
        const begun = process.hrtime.bigint();
        await call(round * CALLS_PER_ROUND + turn);
        if (round >= WARM_UP_ROUNDS) times[index]?.push(Number(process.hrtime.bigint() - begun));
      }
    }
  }
  return ways.map(({ what }, index) => {
    const taken = times[index] ?? [];
    return { what, p50Ns: quantile(taken, 0.5), p99Ns: quantile(taken, 0.99) };
  });
}

const children: ChildProcess[] = [];

async function bare(what: string, file: string, sync: "sync" | "no-sync", bytes: number): Promise<Way> {
  const child = fork(join(import.meta.dirname, "bare-server.ts"), [file, sync, String(bytes)]);
  children.push(child);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { readonly port: number }).port));
    child.once("exit", () => reject(new Error("the bare server ended")));
  });
  return { what, call: () => post({ port, path: "/", body: '{"test":"T-1"}' }) };
}

const floor = await startLpFloor(2);

async function gate(node: string, engine: string): Promise<Way> {
  await readLamp(floor, node, "1180");
  await floor.agent(node).stop();
  const agent = await floor.startAgent(node, ["--engine", engine]);
  const token = readFileSync(floor.tokenOf("STF-1"), "utf8").trim();
  const where = {
    port: Number(new URL(agent.url).port),
    path: "/v1/gate",
    headers: { authorization: `Bearer ${token}` },
  };
  return {
    what: `gate, durable, --engine ${engine}`,
    call: (turn) => post({ ...where, body: `{"test":"T-${turn}"}` }),
  };
}

let measured: readonly Latency[] = [];
try {
  const [first, second] = STATIONS;
  const ways = [await gate(first?.id ?? "", "fast"), await gate(second?.id ?? "", "both")];
  await floor.hub().stop();
  const answer = (await ways[0]?.call(-1)) ?? "";
  if ((JSON.parse(answer) as { readonly allow: boolean }).allow !== true) throw new Error(`blocked: ${answer}`);
  const bytes = Buffer.byteLength(answer);
  const disk = join(floor.folder, "data", "bare.log");
  ways.push(await bare("node:http and one fdatasync", disk, "sync", bytes));
  ways.push(await bare("node:http alone", disk, "no-sync", bytes));
  measured = await latenciesOf(ways);
} finally {
  keepAlive.destroy();
  for (const child of children) {
    child.removeAllListeners("exit");
    child.disconnect();
  }
  await floor.end();
}

const [fast, both, durable] = measured as readonly [Latency, Latency, Latency, Latency];
const times = fast.p50Ns / durable.p50Ns;
report(
  "p4",
  [
    `P4  one decision over the local API, ${CALLS} calls each, one after the other, in turns`,
    table([
      ["", "p50", "p99", "x the bare server"],
      ...measured.map((one) => [
        one.what,
        showNs(one.p50Ns),
        showNs(one.p99Ns),
        (one.p50Ns / durable.p50Ns).toFixed(2),
      ]),
    ]),
  ].join("\n"),
  { calls: CALLS, latencies: measured, fastTimesBare: times, bothTimesBare: both.p50Ns / durable.p50Ns },
  [
    {
      what: `p50 of --engine fast at most ${TARGET} x a bare round trip with one fdatasync`,
      reached: times <= TARGET,
      measured: `${times.toFixed(2)} x`,
    },
  ],
  {
    title: "A durable decision over the local API",
    text: "p50 of calls one after the other, the answer read whole. Less is better.",
    axis: "microseconds",
    bars: measured.map((one, index) => ({
      name: one.what,
      value: one.p50Ns / 1e3,
      label: showNs(one.p50Ns),
      ours: index < 2,
    })),
    target: { value: (durable.p50Ns / 1e3) * TARGET, label: `target: ${TARGET} x the bare server` },
  },
);
