import type { DecidedContract } from "../../model/decision.ts";
import type { ContractId } from "../../model/ids.ts";
import type { PlantCalendar } from "../../model/plant-calendar.ts";
import { indexReleases, type Moment, type Release, selectContracts } from "../../runtime/index.ts";
import { evidenceAskedBy } from "./asked-then.ts";
import { type Block, ROW } from "./block.ts";
import { meaningOf } from "./clause-meaning.ts";
import { type BoundClause, boundClauses } from "./clause-outcome.ts";
import { compareVerdicts, type ReplayAnswer, type Verdict } from "./compare-verdicts.ts";
import { FAULTY, type Found, findIn, nameOf, type Plan, planFor, type Situation, verdictOf } from "./plan.ts";
import { NOT_JUDGED } from "./project-row.ts";
import { type Candidate, carriedIn, type ReplayShelf, redecideTyped } from "./redecide.ts";
import { RowSnapshot } from "./row-snapshot.ts";
import { count, countAllowed, type Place, type Tally } from "./tally.ts";

export interface BlockRequest {
  readonly candidate: Candidate;
  readonly shelf: ReplayShelf;
  readonly fromMs: number;
  readonly toMs: number;
  /** What the archive keeps no more is not decided again. */
  readonly fromSeq: number;
  /** Which clauses are equal; only a test has another. */
  readonly meaning?: typeof meaningOf;
}

type RowsRequest = Omit<BlockRequest, "fromMs" | "toMs" | "fromSeq">;

/** Decides every decision of a block again and counts what became of it. */
export function replayBlock(block: Block, node: string, request: BlockRequest, tally: Tally): void {
  const rows = openRows(block, node, request);
  for (let row = 0; row < block.rows; row += 1) {
    const atMs = block.at[row] as number;
    const seq = block.seq[row] as number;
    if (atMs < request.fromMs || atMs >= request.toMs || seq < request.fromSeq) continue;
    const number = block.test[row] as number;
    const test = number === 0 ? null : number;
    const answer = rows.answer(row);
    if (answer === ALLOWED_AS_BEFORE) countAllowed(tally, { node, atMs, test });
    else count(tally, { node, seq, atMs, test, about: () => aboutRow(block, row) }, answer);
  }
}

function aboutRow(block: Block, row: number): ReturnType<Place["about"]> {
  const text = (id: number | undefined): string | null => (id === undefined || id === 0 ? null : block.text(id));
  return { test: text(block.testId[row]), order: text(block.order[row]), part: text(block.part[row]) };
}

/** By far the most frequent answer. */
const ALLOWED_AS_BEFORE: ReplayAnswer = {
  ...{ kind: "judged", change: "unchanged", allowed: true, before: [], now: [], causes: [], newlyWarned: false },
};
const UNCONCERNED: ReplayAnswer = { kind: "unconcerned" };

/** What the decisions of one selection share. */
type Selected =
  | { readonly kind: "gone" }
  | {
      readonly kind: "at-hand";
      readonly calendar: PlantCalendar;
      readonly releases: readonly Release[];
      readonly situation: Situation;
      readonly recorded: Plan;
      /** Null: what was recorded. */
      readonly before: Plan | null;
      readonly now: Plan;
      /** Answers that were given, by all that they follow from. */
      readonly answers: Map<string, ReplayAnswer>;
    };
type AtHand = Extract<Selected, { readonly kind: "at-hand" }>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The rows of a block, each to be asked once, in any order. */
export function openRows(
  block: Block,
  node: string,
  request: RowsRequest,
): { readonly answer: (row: number) => ReplayAnswer } {
  const { candidate } = request;
  const snapshot = new RowSnapshot(block);
  const moment = { snapshot, now: 0, today: 0, past: false } as unknown as Mutable<Moment>;
  const selected: Selected[] = [];
  const lists: (readonly string[])[] = [[]];
  const textsOf = (id: number): readonly string[] => {
    lists[id] ??= JSON.parse(block.text(id)) as readonly string[];
    return lists[id];
  };
  const said = (row: number) => ({
    allow: block.allowed[row] === 1,
    reasons: textsOf(block.reasons[row] as number),
    warnings: textsOf(block.warnings[row] as number),
  });
  const select = (row: number): Selected => {
    const place = block.selection[row] as number;
    selected[place] ??= selectedBy(block, place, moment, request);
    return selected[place];
  };
  return {
    answer: (row) => {
      const state = block.state[row] as number;
      if (state >= ROW.notJudged)
        return { ...notJudged(NOT_JUDGED[state - ROW.notJudged]), before: textsOf(block.reasons[row] as number) };
      if (state === ROW.notReproducible) {
        const now = textsOf(block.found[row] as number);
        return { kind: "not-reproducible", before: textsOf(block.reasons[row] as number), now };
      }
      snapshot.moveTo(row);
      moment.now = block.at[row] as number;
      const chosen = select(row);
      if (chosen.kind === "gone") return { ...notJudged("bundle-gone"), before: textsOf(block.reasons[row] as number) };
      moment.calendar = chosen.calendar;
      moment.today = chosen.calendar.dayOf(moment.now);
      if (state === ROW.whole || isUnderWay(candidate, moment.now, block.startedAt[row] as number)) {
        const { calendar, releases } = chosen;
        const recorded = said(row);
        const carried = carriedIn(recorded.reasons);
        const ready = { kind: "replayable", node, now: moment.now, snapshot, calendar, releases, carried } as const;
        return redecideTyped(ready, recorded, candidate);
      }
      return byClauses(chosen, row, candidate, said);
    },
  };
}

const notJudged = (why: (typeof NOT_JUDGED)[number] | undefined) =>
  ({ kind: "not-judged", why: why ?? "nothing-judged" }) as const;

/** A test that began before the candidate's day: what B16 makes of it is left to the gate's own selection. */
const isUnderWay = ({ inForceFromMs }: Candidate, now: number, startedAt: number): boolean =>
  inForceFromMs !== null && now >= inForceFromMs && startedAt < inForceFromMs;

function selectedBy(
  block: Block,
  place: number,
  moment: Moment,
  { candidate: { release, against }, shelf, meaning = meaningOf }: RowsRequest,
): Selected {
  const contracts = JSON.parse(block.text(block.contracts[place] as number)) as readonly DecidedContract[];
  const releases: Release[] = [];
  for (const { contract, version, digest } of contracts) {
    const loaded = shelf.bundle(digest);
    if (loaded === undefined) return { kind: "gone" };
    releases.push({ loaded, version, fromDay: null, offline: shelf.offline(contract, version) });
  }
  const calendar = shelf.calendar(moment.snapshot.plantZone ?? "");
  if (calendar === undefined) return { kind: "gone" };
  const tried = release.loaded.bundle.contract;
  const others = releases.filter(({ loaded }) => loaded.bundle.contract !== tried);
  const here = { ...moment, calendar };
  const situation = { ...situationOf(block, moment, here, releases, tried), meaning };
  return {
    ...{ kind: "at-hand", calendar, releases, situation },
    recorded: planFor({ ...situation, moment: here }, releases),
    before: against === null ? null : planFor({ ...situation, moment: here }, [...others, against]),
    now: planFor({ ...situation, moment: here }, [...others, release]),
    answers: new Map(),
  };
}

function situationOf(
  block: Block,
  moment: Moment,
  here: Moment,
  releases: readonly Release[],
  tried: ContractId,
): Omit<Situation, "meaning"> {
  const { snapshot, now, calendar } = here;
  const input = { releases: indexReleases(releases), snapshot, now, calendar, assumeBinding: false };
  const recorded: readonly BoundClause[] = boundClauses(selectContracts(input).bindings);
  const { roles } = snapshot.station;
  let asked: ReadonlySet<string> | undefined;
  const askedThen = (): ReadonlySet<string> => {
    asked ??= evidenceAskedBy(
      releases.map(({ loaded }) => loaded.bundle),
      roles,
    );
    return asked;
  };
  return { block, moment, recorded, askedThen, tried };
}

/** Clause by clause: what an equal clause said when it was recorded holds, and only the others are asked. */
function byClauses(
  chosen: AtHand,
  row: number,
  { inForceFromMs }: Candidate,
  said: (row: number) => Omit<Verdict, "noted">,
): ReplayAnswer {
  const { situation, recorded, before } = chosen;
  const { block, moment } = situation;
  const isAhead = inForceFromMs !== null && moment.now < inForceFromMs;
  const now = isAhead ? (before ?? recorded) : chosen.now;
  if (!recorded.binds && !now.binds && before?.binds !== true) return UNCONCERNED;
  const foundNow = tryFind(now, row, situation);
  if (before === null && foundNow.anew === null && foundNow.known.length === 0 && block.allowed[row] === 1)
    return ALLOWED_AS_BEFORE;
  const foundBefore = tryFind(before ?? recorded, row, situation);
  // Equal rows have equal answers, and few are unlike all others.
  const places = [block.outcomes, block.reasons, block.warnings].map((column) => column[row]);
  const key = `${places.join()} ${isAhead} ${nameOf(foundBefore.anew)}> ${nameOf(foundNow.anew)}`;
  const isFault = foundNow === FAULTY || foundBefore === FAULTY;
  const known = isFault ? undefined : chosen.answers.get(key);
  if (known !== undefined) return known;
  const verdict = verdictOf(foundBefore);
  const answer = compareVerdicts(before === null ? { ...verdict, ...said(row) } : verdict, verdictOf(foundNow));
  if (!isFault) chosen.answers.set(key, answer);
  return answer;
}

/** What would fail inside a gate blocks there, and so it does here. */
function tryFind(plan: Plan, row: number, situation: Situation): Found {
  try {
    return findIn(plan, row, situation);
  } catch {
    return FAULTY;
  }
}
