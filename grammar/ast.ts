/**
 * The syntax tree of a `.maint` file. Every node is a readonly interface discriminated by `kind` and carries `span`, half-open
 * UTF-16 offsets into the source. The tree holds no semantics: units are the author's words, names are not resolved.
 * A clause, statement or declaration the parser could not read is a `broken` node: it takes part in no check, but the names
 * in it count as used (and `declares` as declared). Source: language.md "Forms", "Diagnostics".
 */
import type {
  Amount,
  DateWord,
  Doc,
  Moment,
  Name,
  NodeBase,
  ParameterReference,
  Quantity,
  ReasonCode,
  Text,
  TimeWord,
  Unit,
  ZoneWord,
} from "./ast-leaves.ts";
import type { TestStatement } from "./ast-test.ts";

export type * from "./ast-leaves.ts";
export type * from "./ast-test.ts";

/* Files, contracts, templates */

export interface SourceFile extends NodeBase<"file"> {
  readonly items: readonly FileItem[];
}

export type FileItem = Contract | Template | Test | Broken;

/** `contract ID "title" [from template [with a = 1 psi, b = 2 psi]] { … }` */
export interface Contract extends NodeBase<"contract"> {
  readonly doc: Doc | null;
  readonly id: Name;
  readonly title: Text | null;
  readonly from: TemplateUse | null;
  readonly members: readonly Member[];
}

/** `template name "title" [with a = 1 psi, b = "LM-1"] { … }`; a parameter is typed by its default. */
export interface Template extends NodeBase<"template"> {
  readonly doc: Doc | null;
  readonly name: Name;
  readonly title: Text | null;
  readonly parameters: readonly Parameter[];
  readonly members: readonly Member[];
}

export interface Parameter extends NodeBase<"parameter"> {
  readonly name: Name;
  readonly value: Quantity | Text;
}

export interface TemplateUse extends NodeBase<"template-use"> {
  readonly template: Name;
  readonly arguments: readonly Argument[];
}

export interface Argument extends NodeBase<"argument"> {
  readonly name: Name;
  readonly value: Quantity | Text;
}

/** What stands in a contract's or template's body, in source order. */
export type Member = Scope | Following | Declaration | Before | Override | WhenBlocked | Test | Broken;

/** `for every station` (both null), `for every penetrant station`, or `for order "PO-2026-118"`. */
export interface Scope extends NodeBase<"scope"> {
  readonly stationType: Name | null;
  readonly order: Text | null;
}

export interface Following extends NodeBase<"following"> {
  readonly documents: readonly Text[];
}

export type Declaration = EquipmentDeclaration | MaterialDeclaration | QuantityDeclaration | DifferenceDeclaration;

/** `lamp is a uv-a-lamp[, by default "Pen-UV Light"]` */
export interface EquipmentDeclaration extends NodeBase<"equipment"> {
  readonly doc: Doc | null;
  readonly name: Name;
  readonly type: Name;
  readonly byDefault: Text | ParameterReference | null;
}

/** `penetrant is a material[, by default "penetrant ZP-60D"]` */
export interface MaterialDeclaration extends NodeBase<"material"> {
  readonly doc: Doc | null;
  readonly name: Name;
  readonly byDefault: Text | ParameterReference | null;
}

/** `uv-intensity is measured in uW/cm2[, plausible from 0 to 100000]` */
export interface QuantityDeclaration extends NodeBase<"measured"> {
  readonly doc: Doc | null;
  readonly name: Name;
  readonly unit: Unit;
  readonly plausible: Range | null;
}

/** `heat-dissipation is process-temperature minus air-temperature` */
export interface DifferenceDeclaration extends NodeBase<"difference"> {
  readonly doc: Doc | null;
  readonly name: Name;
  readonly left: Name;
  readonly right: Name;
}

/** Ends included; an end without a unit takes the other's, or the quantity's. */
export interface Range extends NodeBase<"range"> {
  readonly low: Amount;
  readonly high: Amount;
}

/** `before every test { … }` (testKind null) or `before every fluorescent-inspection test { … }` */
export interface Before extends NodeBase<"before"> {
  readonly testKind: Name | null;
  readonly conditions: readonly (Condition | Broken)[];
}

export interface Condition extends NodeBase<"condition"> {
  readonly doc: Doc | null;
  readonly name: Name;
  readonly clauses: readonly (Clause | Broken)[];
}

/** `QA and Supervisor together may override calibration.overdue for at most 8 hours` */
export interface Override extends NodeBase<"override"> {
  readonly roles: readonly Name[];
  readonly reason: ReasonCode;
  readonly atMost: Amount;
}

/** `when blocked, tell supervisor with severity high, and after 15 minutes tell plant-manager` */
export interface WhenBlocked extends NodeBase<"when-blocked"> {
  readonly notices: readonly Notice[];
}

export interface Notice extends NodeBase<"notice"> {
  readonly role: Name;
  readonly severity: Name | null;
  /** Null: at once. */
  readonly after: Amount | null;
}

/**
 * What the parser could not read; its diagnostic is already given.
 * `where` is what it should have been; `declares` the name that counts as declared; `names` every name in it, as used.
 */
export interface Broken extends NodeBase<"broken"> {
  readonly where: "file" | "member" | "condition" | "clause" | "test-statement";
  readonly declares: Name | null;
  readonly names: readonly Name[];
}

/* Clauses: the kinds are the words of ClauseKind in src/model/bundle.ts */

export type PeriodWord = "day" | "shift" | "week" | "month" | "quarter";

/** `each day` · `every 8 hours` · `from the latest readings` */
export type Freshness = PeriodFreshness | EveryFreshness | LatestFreshness;

export interface PeriodFreshness extends NodeBase<"period"> {
  readonly period: PeriodWord;
}

export interface EveryFreshness extends NodeBase<"every"> {
  readonly interval: Amount;
}

export type LatestFreshness = NodeBase<"latest">;

/** `when the lamp is battery-powered,` */
export interface AttributeGuard extends NodeBase<"attribute-guard"> {
  readonly equipment: Name;
  readonly attribute: Name;
}

/** The span of a clause runs from its first token to the end of its last modifier or `because` text. */
interface ClauseBase<K extends string> extends NodeBase<K> {
  /** `for order "…",` */
  readonly order: Text | null;
  readonly attribute: AttributeGuard | null;
  /** Null where none is written. The parser refuses one on clauses other than reading, acknowledgement and check-list. */
  readonly freshness: Freshness | null;
  readonly strictness: "must" | "should";
  readonly because: Text | null;
  readonly neverOverridable: boolean;
}

/** `X must be calibrated every A [or B, whichever comes first]`: one or two amounts, durations or cycles by their unit words. */
export interface CalibrationClause extends ClauseBase<"calibration"> {
  readonly subject: Name;
  readonly every: readonly Amount[];
  /** `warn 30 days before`, `warn 250 cycles before`: durations or cycles by their unit words. */
  readonly warnBefore: readonly Amount[];
  /** `with each reference standard calibrated within 12 months of its use` */
  readonly referencesWithin: Amount | null;
  readonly extension: Extension | null;
}

/** `may be extended by at most 14 days, approved by QA or Supervisor`; no role named is an empty list. */
export interface Extension extends NodeBase<"extension"> {
  readonly atMost: Amount;
  readonly approvedBy: readonly Name[];
}

/** `X must have been on for at least 10 minutes` */
export interface WarmUpClause extends ClauseBase<"warm-up"> {
  readonly subject: Name;
  readonly atLeast: Amount;
}

/** `each day, Q [read with X] must be at least 1000 uW/cm2[, guarded by U][, settled for at least D]` */
export interface ReadingClause extends ClauseBase<"reading"> {
  readonly subject: Name;
  readonly readWith: Name | null;
  readonly limit: Limit;
  readonly guardBand: Amount | null;
  readonly settledFor: Amount | null;
}

export type LimitWord = "at least" | "at most" | "more than" | "less than";
export type Limit = OneSidedLimit | BetweenLimit;

export interface OneSidedLimit extends NodeBase<"one-sided"> {
  readonly word: LimitWord;
  readonly value: Amount;
}

/** Both ends included; an end without a unit takes the other's. */
export interface BetweenLimit extends NodeBase<"between"> {
  readonly low: Amount;
  readonly high: Amount;
}

/** `X must be serviced every 500 use-hours[, warn 25 use-hours before][, with enough left for the whole test]` */
export interface UseClause extends ClauseBase<"use"> {
  readonly subject: Name;
  readonly every: Amount;
  readonly warnBefore: Amount | null;
  readonly enoughLeft: boolean;
}

/** `X must not have been dropped or overloaded since its calibration` */
export interface EventsClause extends ClauseBase<"events"> {
  readonly subject: Name;
  readonly events: readonly Name[];
}

/** `the operator | two people | a supervisor must acknowledge "…"` */
export interface AcknowledgementClause extends ClauseBase<"acknowledgement"> {
  readonly who: Who;
  readonly step: Text;
}

export type Who = OperatorWho | PeopleWho | RoleWho;
export type OperatorWho = NodeBase<"operator">;

export interface PeopleWho extends NodeBase<"people"> {
  /** 2 to 10. */
  readonly count: number;
}

export interface RoleWho extends NodeBase<"role"> {
  readonly role: Name;
}

/** `X must be in service` */
export interface ServiceStateClause extends ClauseBase<"service-state"> {
  readonly subject: Name;
}

/** `X must be checked before and after each use` */
export interface BeforeAndAfterUseClause extends ClauseBase<"before-and-after-use"> {
  readonly subject: Name;
}

/** `M must be within its shelf life[, used within 6 months of opening]` */
export interface ShelfLifeClause extends ClauseBase<"shelf-life"> {
  readonly subject: Name;
  readonly openedWithin: Amount | null;
}

/** `each week, X must be checked: "filter clean", "no cracks"` */
export interface CheckListClause extends ClauseBase<"check-list"> {
  readonly subject: Name;
  readonly items: readonly Text[];
}

export type Clause =
  | CalibrationClause
  | WarmUpClause
  | ReadingClause
  | UseClause
  | EventsClause
  | AcknowledgementClause
  | ServiceStateClause
  | BeforeAndAfterUseClause
  | ShelfLifeClause
  | CheckListClause;

/* Tests */

/** `test "title" [of ID] { … }`; inside a contract `of` is null. */
export interface Test extends NodeBase<"test"> {
  readonly title: Text;
  readonly of: Name | null;
  readonly statements: readonly (TestStatement | Broken)[];
}

export type AstNode =
  | SourceFile
  | FileItem
  | Member
  | Parameter
  | TemplateUse
  | Argument
  | Range
  | Condition
  | Notice
  | Freshness
  | AttributeGuard
  | Clause
  | Extension
  | Limit
  | Who
  | TestStatement
  | Name
  | Text
  | Doc
  | Unit
  | Amount
  | DateWord
  | TimeWord
  | ZoneWord
  | ReasonCode
  | Moment;

export type AstKind = AstNode["kind"];
export type NodeOf<K extends AstKind> = Extract<AstNode, { readonly kind: K }>;
