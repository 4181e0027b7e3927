import type { Decision, DecisionDetail } from "../../model/decision.ts";
import type { ContractId } from "../../model/ids.ts";
import type { WhyNotJudged } from "./replay-summary.ts";

export type Change = "unchanged" | "newly-blocked" | "newly-allowed" | "blocked-otherwise";

/** A reason with the clause's place that gives it. */
export interface Cause {
  readonly contract: ContractId | null;
  readonly condition: string | null;
  /** `code:subject`. */
  readonly reason: string;
}

/** What one recorded decision would have been. */
export type ReplayAnswer =
  | { readonly kind: "unconcerned" }
  | {
      readonly kind: "judged";
      readonly change: Change;
      /** Before: recorded, or as `against` decides. */
      readonly allowed: boolean;
      readonly before: readonly string[];
      readonly now: readonly string[];
      /** Of `newly-blocked` the reasons there are now, of `newly-allowed` those there were. */
      readonly causes: readonly Cause[];
      /** Allowed before and now, with a warning that was not there. */
      readonly newlyWarned: boolean;
    }
  | { readonly kind: "not-reproducible"; readonly before: readonly string[]; readonly now: readonly string[] }
  | { readonly kind: "not-judged"; readonly why: WhyNotJudged; readonly before: readonly string[] };

/** One finding of a verdict. */
export interface Noted extends Pick<DecisionDetail, "severity" | "code" | "subject" | "contract" | "condition"> {
  /** False for the lack of evidence that nobody was asked for when the decision was recorded. */
  readonly wasAsked: boolean;
}

export interface Verdict extends Pick<Decision, "allow" | "reasons" | "warnings"> {
  readonly noted: readonly Noted[];
}

/** What became of a decision that is concerned, from what it was. */
export function compareVerdicts(before: Verdict, now: Verdict): ReplayAnswer {
  if (isHollow(before) || isHollow(now)) return { kind: "not-judged", why: "not-asked-then", before: before.reasons };
  const change = changeOf(before, now);
  const had = new Set(before.warnings);
  const warned = now.noted.some((one) => one.severity === "warning" && one.wasAsked && !had.has(codeOf(one)));
  return {
    ...{ kind: "judged", change, allowed: before.allow, before: before.reasons, now: now.reasons },
    causes: change === "newly-blocked" ? causesOf(now) : change === "newly-allowed" ? causesOf(before) : [],
    newlyWarned: before.allow && now.allow && warned,
  };
}

/** Blocked by nothing but the lack of evidence that nobody was asked for. */
function isHollow({ reasons, noted }: Verdict): boolean {
  if (noted.every(({ wasAsked }) => wasAsked)) return false;
  const codes = (asked: boolean) =>
    noted
      .filter(isReason)
      .filter((one) => one.wasAsked === asked)
      .map(codeOf);
  const [hollow, solid] = [new Set(codes(false)), new Set(codes(true))];
  return reasons.length > 0 && reasons.every((reason) => hollow.has(reason) && !solid.has(reason));
}

function changeOf(before: Verdict, now: Verdict): Change {
  if (before.allow) return now.allow ? "unchanged" : "newly-blocked";
  if (now.allow) return "newly-allowed";
  return sameTexts(before.reasons, now.reasons) ? "unchanged" : "blocked-otherwise";
}

/** Each reason once for each condition that gives it. */
function causesOf({ noted }: Verdict): readonly Cause[] {
  const causes = new Map<string, Cause>();
  for (const one of noted) {
    if (!isReason(one) || !one.wasAsked) continue;
    const { contract, condition } = one;
    const reason = codeOf(one);
    causes.set(JSON.stringify([contract, condition, reason]), { contract, condition, reason });
  }
  return [...causes.values()];
}

const isReason = ({ severity }: Noted): boolean => severity === "reason";
const codeOf = ({ code, subject }: Noted): string => `${code}:${subject}`;

export const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index]);
