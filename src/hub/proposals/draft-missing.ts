import { fail, ok, type Result } from "../../base/result.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { Version } from "../../model/ids.ts";
import { insertBeside } from "./draft-clause.ts";
import { type Draft, findingsOf, type TextTools } from "./draft-proposal.ts";
import { unifiedDiff } from "./line-diff.ts";
import type { MissingCondition } from "./missing-conditions.ts";

export interface MissingDraftInput {
  readonly missing: MissingCondition;
  readonly current: { readonly version: Version; readonly text: string; readonly bundle: Bundle };
  readonly nextVersion: Version;
}

/** The next version's text with the clause that others have, as a warning, or why it does not hold. Pure. */
export function draftMissingCondition(
  { missing, current, nextVersion }: MissingDraftInput,
  tools: TextTools,
): Result<Draft, string> {
  const { bundle, text } = current;
  const beside = bundle.clauses.find(({ line }) => line === missing.line);
  if (beside === undefined) return fail(`there is no clause at line ${missing.line}`);
  const words = { clause: missing.clause, because: `asked of every ${missing.type} by ${listed(missing.askedBy)}` };
  let refused = `no place for it was found at line ${missing.line}`;
  for (const raw of insertBeside(text, bundle, beside, words)) {
    const next = tools.format(text) === text ? (tools.format(raw) ?? raw) : raw;
    const findings = findingsOf(next, bundle, tools);
    if (findings[0] !== undefined) {
      refused = findings[0];
      continue;
    }
    const diff = unifiedDiff(
      { name: `${bundle.contract}@${current.version}`, text },
      { name: `${bundle.contract}@${nextVersion}`, text: next },
    );
    return ok({ text: next, diff, clause: missing.clause, reason: reasonOf(missing), statistics: missing });
  }
  return fail(`the drafted text does not hold: ${refused}`);
}

const MAX_NAMED = 5;
const listed = (names: readonly string[]): string =>
  names.length <= MAX_NAMED
    ? names.join(", ")
    : `${names.slice(0, MAX_NAMED).join(", ")} and ${names.length - MAX_NAMED} more`;

function reasonOf({ kind, equipment, type, askedBy, notAskedBy }: MissingCondition): string {
  const users = askedBy.length + notAskedBy.length;
  return (
    `${askedBy.length} of ${users} other contracts with a ${type} have a ${kind} clause for it (${listed(askedBy)}); no contract of ` +
    `these stations has one for the ${equipment}. It warns, for nobody records this here yet; make it a must when they do.`
  );
}
