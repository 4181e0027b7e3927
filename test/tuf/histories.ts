import { below, chance, choose, randomOf } from "../fuzz/gate-random.ts";
import { runOptions, wholeOption } from "../fuzz/run-options.ts";
import { type Cause, honest, hostile, type Making, somePath } from "./history-acts.ts";
import {
  NodeJudge,
  openStaticServer,
  type StaticServer,
  type Step,
  UpdaterJudge,
  type Verdict,
  type Verifier,
} from "./judges.ts";
import { causeOf, wordsFor } from "./stricter.ts";
import { TufRepository } from "./tuf-repository.ts";

/**
 * Random histories of a repository under attack. Each step is judged by a node's verification and by an unmodified tuf-js
 * updater: what one takes the other takes, and what TUF refuses we refuse with the right word.
 */
export interface HistoryStep extends Step {
  readonly acts: readonly string[];
  readonly causes: ReadonlySet<Cause>;
}

export interface History {
  readonly name: string;
  readonly root: Buffer;
  readonly steps: readonly HistoryStep[];
}

const START_MS = Date.parse("2026-11-24T12:00:00Z");
const STEPS = 7;

/** The same numbers, the same history. */
export function historyOf(seed: number, index: number): History {
  const next = randomOf(seed, index);
  const name = `h${seed}-${index}`;
  const repo = new TufRepository(name, START_MS);
  const making: Making = { repo, next, earlier: [], causes: new Set() };
  const root = repo.initialRoot();
  const steps: HistoryStep[] = [];
  const act = (kinds: typeof honest, acts: string[]): void => {
    const kind = choose(next, Object.keys(kinds));
    acts.push(kind);
    kinds[kind]?.(making);
  };
  for (let step = 0; step < STEPS; step++) {
    const acts: string[] = [];
    for (let count = below(next, 3); count >= 0; count--) act(honest, acts);
    const restore = repo.save();
    making.earlier.push(restore);
    const causes = [...making.causes, "same-version", "root-replaced"] as const;
    const attacked = chance(next, 0.6);
    if (attacked) {
      repo.raw = true;
      // A number that was given before: who has that version does not look at the bytes that have it now.
      if (making.causes.has("same-version")) making.causes.add("own-copy");
      act(hostile, acts);
    }
    const paths = [somePath(next), somePath(next), choose(next, ["a/near.json", "a/far.json", "none"])];
    steps.push({ served: new Map(repo.served), paths, atMs: repo.nowMs, acts, causes: new Set(making.causes) });
    // Most attacks end, and the honest repository goes on from where it was.
    if (!attacked || chance(next, 0.3)) continue;
    restore();
    // It counts on from there, and gives numbers a second time, as a hub does that was restored from a copy.
    making.causes.clear();
    for (const cause of causes) making.causes.add(cause);
  }
  return { name, root, steps };
}

/** What the updater says of every step; it sees the steps that the node took, and no others. */
export interface Judged {
  readonly step: HistoryStep;
  readonly tuf: Verdict;
}

export interface Outcome {
  readonly differences: readonly string[];
  readonly accepted: number;
  readonly refused: ReadonlyMap<string, number>;
  readonly stricter: ReadonlyMap<Cause, number>;
  readonly judged: readonly Judged[];
}

export async function runHistory(history: History, server: StaticServer): Promise<Outcome> {
  const node = new NodeJudge(history.root);
  const updater = new UpdaterJudge(server, history.name, history.root);
  const differences: string[] = [];
  const refused = new Map<string, number>();
  const stricter = new Map<Cause, number>();
  const judged: Judged[] = [];
  let accepted = 0;
  try {
    for (const [index, step] of history.steps.entries()) {
      const undo = updater.save();
      const mine = node.judge(step);
      const tuf = await updater.judge(step);
      judged.push({ step, tuf });
      if (mine.kind === "accepted") accepted += 1;
      else refused.set(mine.why, (refused.get(mine.why) ?? 0) + 1);
      const cause = mine.kind === "refused" && tuf.kind === "accepted" ? causeOf(mine, step.causes) : undefined;
      if (cause !== undefined) {
        stricter.set(cause, (stricter.get(cause) ?? 0) + 1);
        undo();
      } else if (differs(mine, tuf, step.causes)) {
        differences.push(`${history.name} step ${index} (${step.acts.join(", ")}): ${said(mine)}; TUF: ${said(tuf)}`);
        break;
      }
    }
  } finally {
    updater.close();
  }
  return { differences, accepted, refused, stricter, judged };
}

/** Whether a verifier says otherwise than the updater did, anywhere in a history that was judged before. */
export function caught(history: History, judged: readonly Judged[], verifier: Verifier): boolean {
  const node = new NodeJudge(history.root, verifier);
  return judged.some(({ step, tuf }) => {
    const mine = node.judge(step);
    const allowed = mine.kind === "refused" && tuf.kind === "accepted" && causeOf(mine, step.causes) !== undefined;
    return !allowed && differs(mine, tuf, step.causes);
  });
}

function differs(mine: Verdict, tuf: Verdict, causes: ReadonlySet<Cause>): boolean {
  if (mine.kind === "accepted" || tuf.kind === "accepted")
    return mine.kind !== tuf.kind || (tuf.kind === "accepted" && said(mine) !== said(tuf));
  return !wordsFor(tuf.detail).includes(mine.why) && causeOf(mine, causes) === undefined;
}

const said = (verdict: Verdict): string =>
  verdict.kind === "accepted" ? `accepted ${verdict.found.join(" ")}` : `refused, ${verdict.why}: ${verdict.detail}`;

const ABOUT = `Random histories of a repository under attack, each step judged by a node's verification and by an unmodified
tuf-js. Prints what was judged, and every difference; exit code 1 where there is one.`;

/** `--count 2000 --seed 1 --from 0` */
async function main(): Promise<void> {
  const values = runOptions(ABOUT, {
    count: { type: "string", default: "2000", is: "histories" },
    seed: { type: "string", default: "1", is: "the same histories again" },
    from: { type: "string", default: "0", is: "begin with this one" },
  });
  const [count, seed, from] = [
    wholeOption(values, "count", 1),
    wholeOption(values, "seed", 0),
    wholeOption(values, "from", 0),
  ];
  const server = await openStaticServer();
  const totals = new Map<string, number>();
  const add = (name: string, count: number) => totals.set(name, (totals.get(name) ?? 0) + count);
  for (let index = from; index < from + count; index++) {
    const outcome = await runHistory(historyOf(seed, index), server);
    add("histories", 1);
    add("accepted", outcome.accepted);
    for (const [word, count] of outcome.refused) add(`refused ${word}`, count);
    for (const [cause, count] of outcome.stricter) add(`stricter: ${cause}`, count);
    for (const difference of outcome.differences) {
      add("differences", 1);
      process.stdout.write(`${difference}\n`);
      process.exitCode = 1;
    }
  }
  await server.close();
  for (const [name, count] of totals) process.stdout.write(`${name}: ${count}\n`);
}

if (import.meta.main) await main();
