/** The smallest nodes: names, texts, numbers with their units, dates. See ast.ts. */

/** Half-open UTF-16 offsets into the source. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface NodeBase<K extends string> {
  readonly kind: K;
  readonly span: Span;
}

/** A name, contract id, role or type as written, without its article. */
export interface Name extends NodeBase<"name"> {
  readonly text: string;
}

/** A string, escapes resolved; the span includes the quotes. */
export interface Text extends NodeBase<"text"> {
  readonly value: string;
}

/** `/// …` lines above a contract, template, condition or declaration; markers and one following space removed. */
export interface Doc extends NodeBase<"doc"> {
  readonly lines: readonly string[];
}

/** A unit word exactly as written (`uW/cm2`, `µW/cm²`, `moths`): only the checks know units. */
export interface Unit extends NodeBase<"unit"> {
  readonly text: string;
}

/**
 * A number and its unit word; durations and counts too (`12 months`, `500 use-hours`, `5000 cycles`).
 * `number` is the exact decimal text (`-5`, `0.1`). `every month` is number "1" with `impliedOne`.
 */
export interface Quantity extends NodeBase<"quantity"> {
  readonly number: string;
  readonly unit: Unit | null;
  readonly impliedOne: boolean;
}

/** A template parameter where a value stands. Outside a template it is an unknown name. */
export interface ParameterReference extends NodeBase<"parameter-reference"> {
  readonly name: Name;
}

export type Amount = Quantity | ParameterReference;

/** `2026-11-24`, as written; whether the day exists is not the parser's question. */
export interface DateWord extends NodeBase<"date"> {
  readonly text: string;
}

/** `06:20`, as written. */
export interface TimeWord extends NodeBase<"time"> {
  readonly text: string;
}

/** `America/Chicago`, as written. */
export interface ZoneWord extends NodeBase<"zone"> {
  readonly text: string;
}

/** `calibration.overdue`, as written. */
export interface ReasonCode extends NodeBase<"reason-code"> {
  readonly text: string;
}

/** `at 06:20` (on the test's own day) or `at 2026-11-24 06:20`. */
export interface Moment extends NodeBase<"moment"> {
  readonly date: DateWord | null;
  readonly time: TimeWord;
}
