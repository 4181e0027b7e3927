import type { Snapshot } from "../../model/snapshot.ts";
import { indexReleases, judgeClause, type Moment, type Release, selectContracts } from "../../runtime/index.ts";
import { evidenceOf, isAbsence } from "./asked-then.ts";
import type { Block } from "./block.ts";
import type { meaningOf } from "./clause-meaning.ts";
import {
  type BoundClause,
  boundClauses,
  type CodeAndSubject,
  codesOf,
  type Outcome,
  readOutcome,
} from "./clause-outcome.ts";
import type { Noted, Verdict } from "./compare-verdicts.ts";

/** How the decisions of one selection are decided by one set of releases: which clauses were answered already, which are asked anew. */
export interface Plan {
  /** Whether the tried contract binds. */
  readonly binds: boolean;
  readonly findings: readonly Noted[];
  readonly known: readonly KnownClause[];
  readonly asked: readonly BoundClause[];
  /** What the known clauses said, by the list of outcomes. */
  readonly said: Map<number, readonly Noted[]>;
}

interface KnownClause extends BoundClause {
  /** Its place in the decision's list of outcomes. */
  readonly place: number;
}

/** Everything about a row that does not depend on the version. */
export interface Situation {
  readonly block: Block;
  readonly moment: Moment;
  readonly recorded: readonly BoundClause[];
  /** Evidence that the recorded contracts asked for. */
  readonly askedThen: () => ReadonlySet<string>;
  readonly tried: string;
  readonly meaning: typeof meaningOf;
}

/** `releases` in the place of the recorded ones. */
export function planFor({ moment, recorded, tried, meaning: textOf }: Situation, releases: readonly Release[]): Plan {
  const { snapshot, now, calendar } = moment;
  const input = { releases: indexReleases(releases), snapshot, now, calendar, assumeBinding: false };
  const { bindings, findings } = selectContracts(input);
  const places = new Map<string, number>();
  recorded.forEach(({ binding, compiled }, place) => {
    const meaning = textOf(binding.release.loaded, compiled);
    if (meaning !== null) places.set(meaning, place);
  });
  const known: KnownClause[] = [];
  const asked: BoundClause[] = [];
  for (const clause of boundClauses(bindings)) {
    const meaning = textOf(clause.binding.release.loaded, clause.compiled);
    const place = meaning === null ? undefined : places.get(meaning);
    if (place === undefined) asked.push(clause);
    else known.push({ ...clause, place });
  }
  return {
    binds: bindings.some(({ release }) => release.loaded.bundle.contract === tried),
    findings: findings.map(({ code, subject }) => ({
      ...{ severity: "reason", code, subject, contract: null, condition: null, wasAsked: true },
    })),
    ...{ known, asked, said: new Map() },
  };
}

/** What a plan finds in one row. */
export interface Found {
  /** By the clauses that were answered before, and by the selection: the same list for equal outcomes. */
  readonly known: readonly Noted[];
  /** By the clauses that were asked anew; null where they had nothing to say. */
  readonly anew: readonly Noted[] | null;
}

/** @throws what a clause throws: a decision is then blocked by `runtime.error` */
export function findIn(plan: Plan, row: number, situation: Situation): Found {
  const list = situation.block.outcomes[row] as number;
  let known = plan.said.get(list);
  if (known === undefined) {
    known = [...plan.findings, ...knownOf(plan, list, situation)];
    plan.said.set(list, known);
  }
  let anew: Noted[] | null = null;
  for (const clause of plan.asked) {
    const outcome = judgeClause(clause.binding.release.loaded, clause.compiled, situation.moment);
    if (outcome === null || (outcome.reasons.length === 0 && outcome.warnings.length === 0)) continue;
    anew ??= [];
    note(anew, clause, outcome, situation);
  }
  return { known, anew };
}

function knownOf({ known }: Plan, list: number, situation: Situation): readonly Noted[] {
  const { listStarts, listItems, text } = situation.block;
  const start = listStarts[list] as number;
  const found: Noted[] = [];
  for (const clause of known) {
    const outcome: Outcome = readOutcome(text(listItems[start + clause.place] as number));
    if (outcome !== null) note(found, clause, outcome, situation);
  }
  return found;
}

function note(
  into: Noted[],
  { binding, compiled }: BoundClause,
  { reasons, warnings }: NonNullable<Outcome>,
  { moment, askedThen, tried }: Situation,
): void {
  const { clause } = compiled;
  const { contract } = binding.release.loaded.bundle;
  const add = (severity: Noted["severity"], { code, subject }: CodeAndSubject): void => {
    const isOwn = contract === tried && isAbsence(code, subject, moment.snapshot as Snapshot);
    const wasAsked = !isOwn || askedThen().has(evidenceOf(clause, subject));
    into.push({ severity, code, subject, contract, condition: clause.condition, wasAsked });
  };
  for (const one of reasons) add(clause.strictness === "must" ? "reason" : "warning", one);
  for (const one of warnings) add("warning", one);
}

/** Blocked as a gate blocks that fails inside. */
const FAULT: Verdict = {
  ...{ allow: false, reasons: ["runtime.error:node"], warnings: [] },
  noted: [
    {
      ...{ severity: "reason", code: "runtime.error", subject: "node" },
      ...{ contract: null, condition: null, wasAsked: true },
    },
  ],
};

export const FAULTY: Found = { known: FAULT.noted, anew: null };

/** As a decision says it. */
export function verdictOf(found: Found): Verdict {
  if (found === FAULTY) return FAULT;
  const noted = found.anew === null ? found.known : [...found.known, ...found.anew];
  const reasons = codesOf(noted.filter(({ severity }) => severity === "reason"));
  const warnings = codesOf(noted.filter(({ severity }) => severity === "warning"));
  return { allow: reasons.length === 0, reasons, warnings, noted };
}

/** Names what was found anew: findings with the same name say the same. */
export function nameOf(anew: readonly Noted[] | null): string {
  if (anew === null) return "";
  let name = "";
  for (const { severity, code, subject, contract, condition, wasAsked } of anew)
    name += `${severity} ${code} ${subject} ${contract} ${condition} ${wasAsked}\n`;
  return name;
}
