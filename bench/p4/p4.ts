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

const CALLS = 2_000;
const WARM_UP = 300;
const TARGET = 2;

const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });

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

async function latencyOf(what: string, call: (turn: number) => Promise<unknown>): Promise<Latency> {
  for (let turn = 0; turn < WARM_UP; turn++) await call(turn);
  const times = new Float64Array(CALLS);
  for (let turn = 0; turn < CALLS; turn++) {
    const begun = process.hrtime.bigint();
    await call(WARM_UP + turn);
    times[turn] = Number(process.hrtime.bigint() - begun);
  }
  return { what, p50Ns: quantile(times, 0.5), p99Ns: quantile(times, 0.99) };
}

async function bare(what: string, file: string, sync: "sync" | "no-sync", bytes: number): Promise<Latency> {
  const child: ChildProcess = fork(join(import.meta.dirname, "bare-server.ts"), [file, sync, String(bytes)]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { readonly port: number }).port));
    child.once("exit", () => reject(new Error("the bare server ended")));
  });
  try {
    return await latencyOf(what, () => post({ port, path: "/", body: '{"test":"T-1"}' }));
  } finally {
    child.removeAllListeners("exit");
    child.disconnect();
  }
}

const floor = await startLpFloor(1);
const node = STATIONS[0].id;
const measured: Latency[] = [];
try {
  await readLamp(floor, node, "1180");
  await floor.hub().stop();
  let answerBytes = 0;
  for (const engine of ["fast", "both"]) {
    await floor.agent(node).stop();
    const agent = await floor.startAgent(node, ["--engine", engine]);
    const token = readFileSync(floor.tokenOf("STF-1"), "utf8").trim();
    const port = Number(new URL(agent.url).port);
    const ask = (turn: number) =>
      post({ port, path: "/v1/gate", headers: { authorization: `Bearer ${token}` }, body: `{"test":"T-${turn}"}` });
    const first = await ask(-1);
    answerBytes = Buffer.byteLength(first);
    if ((JSON.parse(first) as { readonly allow: boolean }).allow !== true) throw new Error(`blocked: ${first}`);
    measured.push(await latencyOf(`gate, durable, --engine ${engine}`, ask));
  }
  const disk = join(floor.folder, "data", "bare.log");
  measured.push(await bare("node:http and one fdatasync", disk, "sync", answerBytes));
  measured.push(await bare("node:http alone", disk, "no-sync", answerBytes));
} finally {
  keepAlive.destroy();
  await floor.end();
}

const [fast, both, durable] = measured as [Latency, Latency, Latency, Latency];
const times = fast.p50Ns / durable.p50Ns;
report(
  "p4",
  [
    `P4  one decision over the local API, ${CALLS} calls one after the other`,
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
