/**
 * Bench P8: entries a second that are on the disk, in groups of 1,000 with one fsync each, beside a plain file, sqlite and a query
 * builder in the same run; then verification, proofs, opening and memory at 10,000, 100,000 and 1,000,000 entries.
 * `node --expose-gc bench/p8/p8.ts [--entries 1000000] [--json]`; writes bench/results/p8.json and p8.svg. Exit code 1 where a
 * target is missed.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openLedgerFile } from "../../src/disk/ledger-file.ts";
import { consistencyProof, inclusionProof } from "../../src/ledger/proof.ts";
import { quantile, showNs, table } from "../measure.ts";
import { report } from "../results.ts";
import { bareSqlite, chainedSqlite, kyselyRows, type Ours, ours, plainFile, recordOf, type Writer } from "./writers.ts";

const { values } = parseArgs({ options: { entries: { type: "string" }, json: { type: "boolean" } } });
const ENTRIES = Number(values.entries ?? 1_000_000);
const GROUP = 1_000;
/** Groups that one writer writes before the next has its turn: a slow spell of the machine falls on all of them. */
const TURN_GROUPS = 5;
const WARM_UP_GROUPS = 20;
/** For the comparison; ours goes on alone from there. */
const COMPARED = Math.min(200_000, ENTRIES);
const PROOFS = 2_000;
const SIZES = [10_000, 100_000, 1_000_000].filter((size) => size <= ENTRIES);
const TARGET_PER_S = 150_000;
const TARGET_VERIFY_S = 15;
const TARGET_PROOF_NS = 1e6;

const groupFrom = (first: number) => Array.from({ length: GROUP }, (_, index) => recordOf(first + index));
const elapsedNs = async (work: () => void | Promise<void>): Promise<number> => {
  const begun = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - begun);
};

interface Rate {
  readonly what: string;
  readonly perS: number;
  /** Processor time of this process an entry, microseconds: what stays the same when others use the machine, too. */
  readonly cpuUs: number;
}

async function compare(writers: readonly Writer[]): Promise<readonly Rate[]> {
  const spent = writers.map(() => ({ ns: 0, cpuUs: 0 }));
  for (let group = -WARM_UP_GROUPS; group < COMPARED / GROUP; group += TURN_GROUPS)
    for (const [index, writer] of writers.entries())
      for (let turn = 0; turn < TURN_GROUPS; turn += 1) {
        const records = groupFrom((group + WARM_UP_GROUPS + turn) * GROUP);
        const before = process.cpuUsage();
        const ns = await elapsedNs(() => writer.write(records));
        const { user, system } = process.cpuUsage(before);
        const sum = spent[index];
        if (group < 0 || sum === undefined) continue;
        sum.ns += ns;
        sum.cpuUs += user + system;
      }
  const written = Math.ceil(COMPARED / GROUP / TURN_GROUPS) * TURN_GROUPS * GROUP;
  return writers.map(({ what }, index) => {
    const { ns, cpuUs } = spent[index] ?? { ns: 1, cpuUs: 0 };
    return { what, perS: (written / ns) * 1e9, cpuUs: cpuUs / written };
  });
}

interface Measured {
  readonly entries: number;
  readonly verifyS: number;
  readonly openMs: number;
  readonly inclusionNs: { readonly p50: number; readonly p99: number };
  readonly consistencyNs: { readonly p50: number; readonly p99: number };
  readonly rssMib: number;
  readonly heapMib: number;
}

async function measureAt(one: Ours, size: number): Promise<Measured> {
  for (let at = one.ledger.head().size; at < size; at += GROUP) await one.write(groupFrom(at).slice(0, size - at));
  one.ledger.checkpoint();
  const entries = one.ledger.head().size;
  globalThis.gc?.();
  const verifyNs = await elapsedNs(() => {
    const { finding } = one.ledger.verify();
    if (finding !== null) throw new Error(finding.message);
  });
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const { read } = one.ledger.tree;
  const timed = async (prove: (place: number) => unknown) => {
    const times: number[] = [];
    for (let turn = 0; turn < PROOFS; turn += 1) {
      const place = Math.floor(Math.random() * entries);
      times.push(await elapsedNs(() => void prove(place)));
    }
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  };
  const inclusionNs = await timed((place) => inclusionProof(place, entries, read));
  const consistencyNs = await timed((place) => consistencyProof(place + 1, entries, read));
  return {
    ...{ entries, verifyS: verifyNs / 1e9, openMs: 0, inclusionNs, consistencyNs },
    ...{ rssMib: rss / 2 ** 20, heapMib: heapUsed / 2 ** 20 },
  };
}

/** As a hub does at its start: the tail, the tree's edge, the last checkpoint. */
async function openMs(folder: string): Promise<number> {
  const clock = () => ({ timeMs: Date.now(), timeSource: "wall" as const });
  let opened: { readonly close: () => void } | undefined;
  const ns = await elapsedNs(() => {
    opened = openLedgerFile(join(folder, "ledger.db"), { owner: "hub-1", clock });
  });
  opened?.close();
  return ns / 1e6;
}

const folder = mkdtempSync(join(import.meta.dirname, "run-"));
const grown = join(folder, "grown");
let rates: readonly Rate[] = [];
const measured: Measured[] = [];
try {
  const compared = [
    plainFile(folder),
    bareSqlite(folder),
    chainedSqlite(folder),
    await kyselyRows(folder),
    ours(folder),
  ];
  rates = await compare(compared);
  for (const writer of compared) await writer.close();
  mkdirSync(grown);
  for (const size of SIZES) {
    const one = ours(grown);
    const figures = await measureAt(one, size);
    one.close();
    measured.push({ ...figures, openMs: await openMs(grown) });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const own = rates.at(-1) as Rate;
const largest = measured.at(-1) as Measured;
const slowestProof = Math.max(largest.inclusionNs.p99, largest.consistencyNs.p99);
report(
  "p8",
  [
    `P8  entries of about 500 bytes, ${COMPARED} each in groups of ${GROUP}, one fsync a group, in turns`,
    table([
      ["", "entries/s", "x ours", "CPU an entry"],
      ...rates.map(({ what, perS, cpuUs }) => [
        what,
        perS.toFixed(0),
        (perS / own.perS).toFixed(2),
        `${cpuUs.toFixed(2)} us`,
      ]),
    ]),
    "",
    table([
      ["entries", "verify", "open", "inclusion p50", "p99", "consistency p50", "p99", "RSS", "heap"],
      ...measured.map((at) => [
        ...[String(at.entries), `${at.verifyS.toFixed(2)} s`, `${at.openMs.toFixed(0)} ms`],
        ...[showNs(at.inclusionNs.p50), showNs(at.inclusionNs.p99)],
        ...[showNs(at.consistencyNs.p50), showNs(at.consistencyNs.p99)],
        ...[`${at.rssMib.toFixed(0)} MiB`, `${at.heapMib.toFixed(0)} MiB`],
      ]),
    ]),
  ].join("\n"),
  { group: GROUP, compared: COMPARED, rates, measured },
  [
    {
      what: `at least ${TARGET_PER_S} durable entries a second in groups`,
      reached: own.perS >= TARGET_PER_S,
      measured: `${own.perS.toFixed(0)}/s`,
    },
    {
      what: `${largest.entries} entries verified in less than ${TARGET_VERIFY_S} s`,
      reached: largest.verifyS < TARGET_VERIFY_S,
      measured: `${largest.verifyS.toFixed(2)} s`,
    },
    {
      what: `proofs in ${largest.entries} entries in less than 1 ms, 99 of 100`,
      reached: slowestProof < TARGET_PROOF_NS,
      measured: showNs(slowestProof),
    },
  ],
  {
    title: "Durable ledger entries a second",
    text: "Groups of 1,000, one fsync each, in turns on the same disk. More is better.",
    axis: "entries a second",
    bars: rates.map(({ what, perS }, index) => ({
      ...{ name: what, value: perS, label: `${(perS / 1_000).toFixed(0)}k` },
      ours: index === rates.length - 1,
    })),
    target: { value: TARGET_PER_S, label: `target: ${TARGET_PER_S / 1_000}k a second` },
  },
);
