/**
 * Bench of replay: recorded decisions decided again under a candidate, 25 clauses a decision, about 29 KiB an entry.
 * Measured is `runReplay` from its call, with the files closed and what it keeps up to date, to its merged tally: threads started,
 * bundles compiled, blocks read from SQLite and unpacked, decided and counted. Beside it: the first use, which reads the archive;
 * each whole decision in one thread, from typed snapshots and from the archive; json-rules-engine on a sample.
 * To have a million decisions without thirty gigabytes of entries, blocks of the archive's nodes are copied under further names.
 * `node bench/replay/replay.ts [--json]`; writes bench/results/replay.json and replay.svg. Exit code 1 where the target is missed.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { openArchiveFile } from "../../src/hub/archive/archive-file.ts";
import type { ArchivedDecision } from "../../src/hub/archive/archived.ts";
import { redecide } from "../../src/hub/replay/redecide.ts";
import type { ReplayOrder } from "../../src/hub/replay/replay-engine.ts";
import { runReplay } from "../../src/hub/replay/replay-threads.ts";
import { count, openTally, type Tally } from "../../src/hub/replay/tally.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { decide, indexReleases, type Release, verdictFast } from "../../src/runtime/index.ts";
import { table } from "../measure.ts";
import { bundleOf } from "../p1/workload.ts";
import { report } from "../results.ts";
import { CONTRACT, calendar, candidateText, ledgerOf, otherText, recorded, recordedBundle } from "./fleet.ts";

const TARGET = 200_000;
const NODES = 2;
const DECISIONS = 1_024;
const COPIES = 488;
/** Where every clause is another, fewer are enough. */
const FEW_NODES = Array.from({ length: 60 }, (_, copy) => `N-0-${copy + 1}`);
const SAMPLE = 200;
const ENGINE_SAMPLE = 50;

const folder = mkdtempSync(join(tmpdir(), "bench-replay-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);

const archive = openArchiveFile(path("archive.db"));
for (let node = 0; node < NODES; node += 1) {
  const entries = [...ledgerOf(`N-${node}`, node + 1, DECISIONS)];
  for (let from = 0; from < entries.length; from += 100)
    archive.append([{ node: `N-${node}`, from, entries: entries.slice(from, from + 100) }]);
}
writeFileSync(path("bundle.json"), canonicalJson(recordedBundle.bundle));
const orderFor = (text: string, nodes?: readonly string[]): ReplayOrder => ({
  ...{ candidate: canonicalJson(bundleOf(text).bundle), offline: "accept", against: null, inForceFromMs: null },
  ...{ filter: { nodes }, examples: 10 },
  releases: [
    {
      contract: CONTRACT,
      version: "v1.0",
      digest: recordedBundle.digest,
      offline: "accept",
      file: path("bundle.json"),
    },
  ],
});

interface Timed {
  readonly perSecond: number;
  /** By the processor time of all threads: what a busy machine changes least. */
  readonly perCpuSecond: number;
  readonly counts: Tally["counts"];
}

async function replayed(text: string, threads: number, nodes?: readonly string[]): Promise<Timed> {
  const places = { archive: path("archive.db"), projection: path("replay-cache.db"), runtime: "bench" };
  const [begun, cpu] = [performance.now(), process.cpuUsage()];
  const { counts } = await runReplay({ ...places, order: orderFor(text, nodes) }, { threads });
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (counts.decisions / (performance.now() - begun)) * 1e3;
  return { perSecond, perCpuSecond: (counts.decisions / (user + system)) * 1e6, counts: { ...counts } };
}

const best = (runs: readonly Timed[]): Timed => runs.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
const firstUse = await replayed(candidateText, 2);
const cacheBytes = ((): number => {
  const db = openDatabase(path("replay-cache.db"), { readOnly: true });
  const { bytes } = db.prepare("SELECT sum(length(body)) AS bytes FROM block").get() as { readonly bytes: number };
  db.close();
  return bytes;
})();

/** The same blocks under further names; the archive's entries are asked no more. */
function multiply(): void {
  const db = openDatabase(path("replay-cache.db"));
  db.exec("BEGIN");
  for (let copy = 1; copy < COPIES; copy += 1)
    for (let node = 0; node < NODES; node += 1) {
      db.exec(`INSERT INTO strand (node, number, size, head_hash)
        SELECT node || '-${copy}', 0, size, head_hash FROM strand WHERE node = 'N-${node}'`);
      db.exec(`INSERT INTO block (strand, rows, from_seq, to_seq, from_ms, to_ms, missing, body)
        SELECT (SELECT id FROM strand WHERE node = 'N-${node}-${copy}'), b.rows, b.from_seq, b.to_seq, b.from_ms, b.to_ms,
        b.missing, b.body FROM block b JOIN strand s ON s.id = b.strand WHERE s.node = 'N-${node}'`);
    }
  db.exec("COMMIT");
  db.close();
}
/** The archive has strands of these names too, else replay would take them away as gone. */
function rename(): void {
  const db = openDatabase(path("archive.db"), { unwalked: true });
  for (let copy = 1; copy < COPIES; copy += 1)
    db.exec(`INSERT INTO strand (node, number, first_seq, size, head_hash, first_kept, kept_from_hash, fault, is_fork, may_restart)
      SELECT node || '-${copy}', 0, first_seq, size, head_hash, first_kept, kept_from_hash, fault, is_fork, may_restart
      FROM strand WHERE node NOT LIKE '%-%-%'`);
  db.close();
}
const decisions: ArchivedDecision[] = [];
for (const decision of archive.decisions({ limit: SAMPLE })) decisions.push(decision);
const candidateOf = (text: string): Release => ({ ...recorded, loaded: bundleOf(text), version: "v1.1" });
const shelf = {
  bundle: () => recordedBundle,
  offline: () => "accept" as const,
  calendar: () => calendar,
};

function perSecond(times: number, work: () => void): number {
  work();
  const begun = performance.now();
  work();
  return (times / (performance.now() - begun)) * 1e3;
}
const candidate = { release: candidateOf(candidateText), inForceFromMs: null, against: null };
const naive = perSecond(SAMPLE, () => {
  const tally = openTally(10);
  for (const decision of archive.decisions({ limit: SAMPLE })) {
    const about = () => ({ test: null, order: null, part: null });
    const { node, atMs } = decision;
    count(tally, { node, seq: decision.entry.seq, atMs, test: null, about }, redecide(decision, candidate, shelf));
  }
});
const releases = indexReleases([candidateOf(candidateText)]);
const typed = decisions.map(({ node, atMs, recorded: { snapshot } }) => ({
  ...{ releases, snapshot: snapshotFromValues(snapshot), now: atMs, calendar, node, assumeBinding: false },
}));
const verdicts = perSecond(SAMPLE, () => {
  for (const input of typed) verdictFast(input);
});
const engineBegun = performance.now();
for (const input of typed.slice(0, ENGINE_SAMPLE)) await decide(input, "reference");
const engine = (ENGINE_SAMPLE / (performance.now() - engineBegun)) * 1e3;
archive.close();
multiply();
rename();

const few = best([
  await replayed(candidateText, 2),
  await replayed(candidateText, 2),
  await replayed(candidateText, 2),
]);
const one = await replayed(candidateText, 1);
const all = await replayed(otherText, 2, FEW_NODES);
const rows: readonly (readonly [string, number])[] = [
  ["replay, 2 of 25 clauses differ, 2 threads", few.perSecond],
  ["the same, a second of processor time", few.perCpuSecond],
  ["the same, 1 thread", one.perSecond],
  ["replay, all but 5 of 25 clauses differ, 2 threads", all.perSecond],
  ["first use: the archive is read, 2 threads", firstUse.perSecond],
  ["verdicts alone, typed snapshots in memory, 1 thread", verdicts],
  ["naive: each entry read and decided as a whole, 1 thread", naive],
  ["json-rules-engine, typed snapshots in memory", engine],
];
const show = (value: number): string => `${Math.round(value).toLocaleString("en-US")}/s`;
report(
  "replay",
  [
    `Replay  ${few.counts.decisions.toLocaleString("en-US")} decisions of 25 clauses, ${few.counts.newlyBlocked.toLocaleString("en-US")} newly blocked`,
    table([["", "decisions"], ...rows.map(([name, value]) => [name, show(value)])]),
    `kept: ${Math.round(cacheBytes / (NODES * DECISIONS))} bytes a decision`,
  ].join("\n"),
  {
    decisions: few.counts.decisions,
    perSecond: Object.fromEntries(rows),
    /** Runnable processes a core while it ran: above 1 the machine had other work. */
    load: loadavg()[0],
    keptBytesEach: cacheBytes / (NODES * DECISIONS),
    counts: few.counts,
  },
  [{ what: `at least ${show(TARGET)}`, reached: few.perSecond >= TARGET, measured: show(few.perSecond) }],
  {
    title: "Recorded decisions decided again",
    text: "25 clauses each; from the call to the merged counts, blocks read from disk. More is better.",
    axis: "decisions a second",
    bars: rows.map(([name, value], index) => ({ name, value, label: show(value), ours: index < 5 })),
    target: { value: TARGET, label: "target: 200,000/s" },
  },
);
