import { boundaryTests } from "../../compiler/index.ts";
import type { Bundle, BundleClause } from "../../model/bundle.ts";
import type { TestOutcome } from "../contracts/validate-contract.ts";
import type { ReplaySummary } from "../replay/replay-summary.ts";
import type { TextTools } from "./draft-proposal.ts";

/** What was tried on a proposed text before people look at it. */
export interface ProposalChecks {
  /** The tests that the contract has already. One that fails must be rewritten before the version can be stored. */
  readonly ownTests: { readonly passed: number; readonly failing: readonly TestOutcome[] };
  /** Tests made for what is new or changed, as a `.maint` file; `failing` is our own mistake, or a clause that nothing satisfies. */
  readonly madeTests: {
    readonly text: string;
    readonly count: number;
    readonly leftOut: number;
    readonly failing: readonly TestOutcome[];
  };
  /** Recorded decisions under the proposed version; null while they are being decided, and where they cannot be. */
  readonly replay: ReplaySummary | null;
  /** Why they could not be. */
  readonly replayFailure: string | null;
}

export interface CheckTools extends TextTools {
  readonly runTests: (bundle: Bundle) => Promise<readonly TestOutcome[]>;
}

/** A zone for the tests' plant time; any will do, for they name their own instants. */
const ZONE = "UTC";

/** All but the replay. `text` compiles and holds `before.contract`. */
export async function checksOf(text: string, before: Bundle, tools: CheckTools): Promise<ProposalChecks | undefined> {
  const after = bundleIn(text, before, tools);
  if (after === undefined) return undefined;
  const own = await tools.runTests(after);
  const made = boundaryTests([{ id: after.contract, bundle: after }], { zone: ZONE, only: newClauses(before, after) });
  const names = new Set(own.map(({ name }) => name));
  const tested = made.tests === 0 ? undefined : bundleIn(`${text}\n${made.text}`, before, tools);
  const outcomes = tested === undefined ? [] : (await tools.runTests(tested)).filter(({ name }) => !names.has(name));
  return {
    ownTests: { passed: own.filter(({ passed }) => passed).length, failing: own.filter(({ passed }) => !passed) },
    madeTests: {
      ...{ text: made.text, count: outcomes.length, leftOut: made.leftOut.length },
      failing: outcomes.filter(({ passed }) => !passed),
    },
    ...{ replay: null, replayFailure: null },
  };
}

export const bundleIn = (text: string, { contract }: Bundle, tools: Pick<TextTools, "compile">): Bundle | undefined =>
  tools.compile(text).bundles.find((bundle) => bundle.contract === contract);

/** Clauses of a text whose words the version before does not have. */
export function newClausesIn(text: string, before: Bundle, tools: Pick<TextTools, "compile">): readonly BundleClause[] {
  const after = bundleIn(text, before, tools);
  return after === undefined ? [] : after.clauses.filter(newClauses(before, after));
}

/** Each as often as it stands there. */
function newClauses(before: Bundle, after: Bundle): (clause: BundleClause) => boolean {
  const left = new Map<string, number>();
  for (const { text } of before.clauses) left.set(text, (left.get(text) ?? 0) + 1);
  const fresh = new Set<number>();
  for (const { text, index } of after.clauses) {
    const count = left.get(text) ?? 0;
    if (count === 0) fresh.add(index);
    else left.set(text, count - 1);
  }
  return ({ index }) => fresh.has(index);
}
