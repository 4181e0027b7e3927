import { compareContracts } from "../../compiler/index.ts";
import type { Bundle } from "../../model/bundle.ts";
import { shortenedFindings } from "./draft-interval.ts";
import { findingsOf, type TextTools } from "./draft-proposal.ts";
import type { IntervalStudy } from "./interval-study.ts";
import type { Proposal } from "./proposal.ts";

type Tools = Pick<TextTools, "compile">;

/**
 * Why a proposed text may not become a draft; empty where it may. What the machine drafted may be nothing but what it drafts: one
 * warning more, or one calibration sooner. What a person wrote into it, and what it repeats for another contract, must be proved
 * to loosen nothing.
 */
export function guardFindings(
  { kind, statistics, edits, text }: Pick<Proposal, "kind" | "statistics" | "edits" | "text">,
  before: Bundle,
  tools: Tools,
): readonly string[] {
  if (edits.length > 0 || kind === "template") return looserFindings(text, before, tools);
  if (kind === "shorter-interval") return shortenedFindings(text, before, (statistics as IntervalStudy).index, tools);
  return findingsOf(text, before, tools);
}

/** Why a text is not a tighter version of the contract; the proof is the comparison's. */
export function looserFindings(text: string, before: Bundle, tools: Tools): readonly string[] {
  const { bundles, problems } = tools.compile(text);
  const bad = problems.filter(({ code, severity }) => severity === "error" || code === "loosens");
  if (bad.length > 0) return bad.map(({ code, message }) => `${code}: ${message}`);
  const after = bundles.find(({ contract }) => contract === before.contract);
  if (after === undefined) return [`the text no longer holds ${before.contract}`];
  const { verdict, changes } = compareContracts(before, after);
  if (verdict === "never-looser") return [];
  if (verdict === "equal") return ["it changes nothing"];
  const looser = changes.filter(({ direction }) => direction !== "tighter" && direction !== "added");
  const words = looser.map((change) => change.words).join("; ");
  return [`it is not proved to be no looser than the version in force${words === "" ? "" : `: ${words}`}`];
}
