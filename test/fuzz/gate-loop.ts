import { CASES_PER_SET, gateCase, type MadeCase } from "./gate-case.ts";
import { type Disagreement, type Judges, judged, judgedByEngine, printCase, shrunk } from "./gate-judge.ts";

export interface GatePlan {
  readonly seed: number;
  /** Sets of contracts `share`, `share + shares`, … with all their cases below `end`. */
  readonly share: number;
  readonly shares: number;
  readonly end: number;
  /** One case in so many is decided by json-rules-engine as well; none where it is 0. */
  readonly engineEvery: number;
  readonly mostFindings: number;
}

export interface GateFinding {
  readonly index: number;
  readonly what: string;
}

export interface GateReport {
  readonly runs: number;
  readonly engineRuns: number;
  readonly allowed: number;
  /** `calibration.overdue`, or `calibration.overdue (warning)`, and how many cases gave it. */
  readonly codes: { readonly [code: string]: number };
  readonly findings: readonly GateFinding[];
}

/**
 * Decides the cases of a plan by all who answer. `begins` is told each case before it is decided, so that whoever watches can
 * tell which one never came back.
 */
export async function fuzzGate(
  plan: GatePlan,
  judges: Judges,
  begins: (index: number) => void = () => undefined,
): Promise<GateReport> {
  const codes = new Map<string, number>();
  const findings: GateFinding[] = [];
  let [runs, engineRuns, allowed] = [0, 0, 0];
  for (const index of indices(plan)) {
    if (findings.length >= plan.mostFindings) break;
    begins(index);
    const isForEngine = plan.engineEvery > 0 && index % plan.engineEvery === 0;
    const { seen, differs } = await decideCase(gateCase(plan.seed, index), judges, isForEngine);
    if (differs !== undefined) findings.push({ index, what: differs });
    for (const code of seen.codes) codes.set(code, (codes.get(code) ?? 0) + 1);
    runs += 1;
    if (isForEngine) engineRuns += 1;
    if (seen.allow) allowed += 1;
  }
  return { runs, engineRuns, allowed, codes: Object.fromEntries(codes), findings };
}

function* indices({ share, shares, end }: GatePlan): Generator<number> {
  for (let first = share * CASES_PER_SET; first < end; first += shares * CASES_PER_SET)
    for (let index = first; index < Math.min(first + CASES_PER_SET, end); index += 1) yield index;
}

async function decideCase(made: MadeCase, judges: Judges, isForEngine: boolean) {
  const { answer, differs } = judged(made, judges);
  const seen = { allow: answer.allow, codes: codesOf(answer.reasons, answer.warnings) };
  if (differs !== undefined) {
    const small = await shrunk(made, async (smaller) => judged(smaller, judges).differs !== undefined);
    return { seen, differs: told(small, judged(small, judges).differs ?? differs) };
  }
  const byEngine = isForEngine ? await judgedByEngine(made, judges) : undefined;
  if (byEngine === undefined) return { seen, differs: undefined };
  const small = await shrunk(made, async (smaller) => (await judgedByEngine(smaller, judges)) !== undefined);
  return { seen, differs: told(small, (await judgedByEngine(small, judges)) ?? byEngine) };
}

const told = (small: MadeCase, { who, fast, other }: Disagreement): string =>
  `fast:  ${fast}\n${who}: ${other}\n${printCase(small)}`;

/** Codes without their subjects, each once. */
const codesOf = (reasons: readonly string[], warnings: readonly string[]): ReadonlySet<string> => {
  const bare = (code: string): string => code.slice(0, code.indexOf(":"));
  return new Set([...reasons.map(bare), ...warnings.map((code) => `${bare(code)} (warning)`)]);
};
