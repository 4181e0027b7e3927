import type { Bundle, BundleClause, ClausePart } from "../../model/bundle.ts";
import { isContractId } from "../../model/ids.ts";

/** One thing that is wrong, or only doubtful, with its place in the text. */
export interface Problem {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly line: number | null;
  readonly message: string;
}

export interface TestOutcome {
  readonly name: string;
  readonly passed: boolean;
  /** What differed; empty where it passed. */
  readonly failures: readonly string[];
}

/** What the compiler and the runtime do for the hub. */
export interface ContractTools {
  readonly compile: (text: string) => {
    readonly contracts: readonly { readonly id: string; readonly bundle: Bundle; readonly bytes: string }[];
    readonly problems: readonly Problem[];
  };
  readonly runTests: (bundle: Bundle) => Promise<readonly TestOutcome[]>;
}

export interface CheckedPart {
  readonly passed: boolean;
  readonly problems: readonly Problem[];
}

/** The whole of a validation, passed or failed: this is what goes to the ledger. */
export interface ValidationResult {
  readonly passed: boolean;
  /** The text is a contract: its words, names, units. */
  readonly structure: CheckedPart;
  /** It can be met and says something: no contradiction, no clause that never or always holds. */
  readonly logic: CheckedPart;
  /** Every condition has clauses and every part of a clause has the rule that permits. */
  readonly conditions: CheckedPart;
  /** Its own tests. A contract without any fails: nobody could see what it does. */
  readonly tests: { readonly passed: boolean; readonly outcomes: readonly TestOutcome[] };
}

const LOGIC_CODES = new Set([
  ...["contradiction", "unsatisfiable", "redundant", "never-blocks", "loosens"],
  ...["conflicting-limits", "undecided"],
]);

/** Checks one contract's text with everything that can be known before it is stored. */
export async function validateContract(
  contract: string,
  text: string,
  tools: ContractTools,
): Promise<{ readonly result: ValidationResult; readonly bundle: Bundle | null; readonly bytes: string | null }> {
  const { contracts, problems } = tools.compile(text);
  const compiled = contracts.find(({ id }) => id === contract);
  const part = (mine: readonly Problem[]): CheckedPart => ({
    passed: !mine.some(({ severity }) => severity === "error"),
    problems: mine,
  });
  const structure = part(problems.filter(({ code }) => !LOGIC_CODES.has(code)));
  const logic = part(problems.filter(({ code }) => LOGIC_CODES.has(code)));
  if (compiled === undefined) {
    const conditions = { passed: false, problems: [] };
    const tests = { passed: false, outcomes: [] };
    return { result: { passed: false, structure, logic, conditions, tests }, bundle: null, bytes: null };
  }
  const conditions = part(conditionProblems(compiled.bundle));
  const outcomes = await tools.runTests(compiled.bundle);
  const tests = { passed: outcomes.length > 0 && outcomes.every(({ passed }) => passed), outcomes };
  const passed = structure.passed && logic.passed && conditions.passed && tests.passed;
  return { result: { passed, structure, logic, conditions, tests }, bundle: compiled.bundle, bytes: compiled.bytes };
}

/** What holds of every bundle that the compiler makes; checked because nodes will decide by it. */
function conditionProblems(bundle: Bundle): readonly Problem[] {
  const problems: Problem[] = [];
  const error = (code: string, line: number, message: string): void => {
    problems.push({ code, severity: "error", line, message });
  };
  for (const { name, line } of bundle.conditions) {
    if (!bundle.clauses.some((clause) => clause.condition === name))
      error("empty-condition", line, `condition ${name} has no clause`);
  }
  for (const clause of bundle.clauses) {
    if (!bundle.conditions.some(({ name }) => name === clause.condition))
      error("empty-condition", clause.line, `clause ${clause.index} belongs to no condition`);
    const parts = partsWithRules(bundle, clause);
    if (parts.length === 0) error("no-rule", clause.line, `no rule permits clause ${clause.index}: ${clause.text}`);
  }
  return problems;
}

const partsWithRules = (bundle: Bundle, clause: BundleClause): readonly ClausePart[] =>
  bundle.rules
    .filter(({ event, conditions }) => event.params.clause === clause.index && conditions.all.length > 0)
    .map(({ event }) => event.params.part);

/**
 * The one contract that a text declares: what compiles says so itself, else the line that opens it does. Undefined where
 * there is none or more than one. Tests and templates may stand beside it.
 */
export function contractIdOf(text: string, compiled: readonly { readonly id: string }[]): string | undefined {
  if (compiled.length > 0) return compiled.length === 1 ? compiled[0]?.id : undefined;
  const declared = [...text.matchAll(/^[ \t]*contract[ \t]+([A-Z0-9-]+)[ \t]+"/gm)].map(([, id]) => id);
  return declared.length === 1 && isContractId(declared[0]) ? declared[0] : undefined;
}
