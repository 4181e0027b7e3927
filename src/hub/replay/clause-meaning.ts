import { canonicalJson } from "../../base/canonical-json.ts";
import type { Bundle, BundleClause, ClauseKind } from "../../model/bundle.ts";
import type { CompiledClause, LoadedBundle } from "../../runtime/index.ts";

/**
 * What a clause's facts are computed from besides the snapshot, as one text: two clauses with the same text say the same of the
 * same snapshot at the same instant, whatever contract, version and condition they stand in. A property test holds it against
 * whole decisions. Its place, its words and whether it must or should hold go into no fact.
 */

/** Kinds whose facts are known to look at nothing else; one of a new kind is judged anew each time. */
const KNOWN: ReadonlySet<ClauseKind> = new Set([
  ...(["calibration", "warm-up", "reading", "use", "events", "acknowledgement", "service-state"] as const),
  ...(["before-and-after-use", "shelf-life", "check-list"] as const),
]);

const meanings = new WeakMap<CompiledClause, { readonly text: string | null }>();

/** Null where nobody may rely on it. */
export function meaningOf({ bundle }: LoadedBundle, compiled: CompiledClause): string | null {
  const before = meanings.get(compiled);
  if (before !== undefined) return before.text;
  const text = KNOWN.has(compiled.clause.kind) ? canonicalJson(describe(compiled.clause, bundle)) : null;
  meanings.set(compiled, { text });
  return text;
}

function describe(clause: BundleClause, bundle: Bundle): unknown {
  if (clause.kind !== "reading") return bare(clause, bundle);
  const { difference = null } = bundle.quantities.find(({ name }) => name === clause.quantity) ?? {};
  const read = difference === null ? [] : [difference.left, difference.right];
  return {
    ...bare(clause, bundle),
    quantities: [clause.quantity, ...read].map((name) => quantityOf(name, bundle)),
    // A reading counts where its instrument was calibrated by the clauses that ask it of the instrument. Source: decisions.md B15.
    instrument: clause.readWith === null ? null : instrumentOf(clause.readWith, bundle),
  };
}

const PLACE_AND_WORDS: ReadonlySet<string> = new Set([
  ...["index", "line", "column", "text", "because", "condition", "strictness", "neverOverridable"],
]);

function bare(clause: BundleClause, bundle: Bundle): { readonly [field: string]: unknown } {
  const fields = Object.entries(clause).filter(([field]) => !PLACE_AND_WORDS.has(field));
  const named = [
    ...("equipment" in clause ? [clause.equipment] : []),
    ...("material" in clause ? [clause.material] : []),
    ...(clause.attribute === null ? [] : [clause.attribute.equipment]),
  ];
  return { ...Object.fromEntries(fields), assets: named.map((role) => assetOf(role, bundle)) };
}

/** What stands for a role where the station's register binds none. */
const assetOf = (role: string, { equipment, materials }: Bundle): unknown => [
  equipment.find(({ name }) => name === role)?.asset ?? null,
  materials.find(({ name }) => name === role)?.lot ?? null,
];

function quantityOf(name: string, { quantities }: Bundle): unknown {
  const found = quantities.find((quantity) => quantity.name === name);
  if (found === undefined) return null;
  const { line: _, ...quantity } = found;
  return quantity;
}

function instrumentOf(role: string, bundle: Bundle): unknown {
  const asked = bundle.clauses.filter((clause) => clause.kind === "calibration" && clause.equipment === role);
  return {
    asset: assetOf(role, bundle),
    clauses: asked.map((clause) => ({
      ...bare(clause, bundle),
      strictness: clause.strictness,
      testKind: bundle.conditions.find(({ name }) => name === clause.condition)?.testKind ?? null,
    })),
  };
}
