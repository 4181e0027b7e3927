import type { DateWord, Moment, Name, NodeBase, Quantity, ReasonCode, Text, TimeWord, ZoneWord } from "./ast-leaves.ts";

/** `at 2026-11-24 09:00 in America/Chicago` */
export interface TestAt extends NodeBase<"test-at"> {
  readonly date: DateWord;
  readonly time: TimeWord;
  readonly zone: ZoneWord;
}

/** `shifts start at 06:00, 14:00, 22:00` */
export interface TestShifts extends NodeBase<"test-shifts"> {
  readonly times: readonly TimeWord[];
}

/** `operator is "STF-1"` */
export interface TestOperator extends NodeBase<"test-operator"> {
  readonly operator: Text;
}

/** `order is "PO-2026-118"` */
export interface TestOrder extends NodeBase<"test-order"> {
  readonly order: Text;
}

/** `light-meter was calibrated on 2025-11-23 with result pass` */
export interface TestCalibrated extends NodeBase<"test-calibrated"> {
  readonly subject: Name;
  readonly on: DateWord;
  readonly result: Name;
}

/** `lamp has been on for 15 minutes` */
export interface TestOn extends NodeBase<"test-on"> {
  readonly subject: Name;
  readonly duration: Quantity;
}

/** `uv-intensity reads 1500 uW/cm2 at 06:20 [with light-meter] [settled for 60 minutes]` */
export interface TestReads extends NodeBase<"test-reads"> {
  readonly subject: Name;
  readonly value: Quantity;
  readonly at: Moment;
  readonly readWith: Name | null;
  readonly settledFor: Quantity | null;
}

/** `"…" was acknowledged by "STF-1" [as QA] at 06:05` */
export interface TestAcknowledged extends NodeBase<"test-acknowledged"> {
  readonly step: Text;
  readonly by: Text;
  readonly role: Name | null;
  readonly at: Moment;
}

/** `bench is in service` · `bench is out of service` · `bench is locked out` */
export interface TestService extends NodeBase<"test-service"> {
  readonly subject: Name;
  readonly state: "in service" | "out of service" | "locked out";
}

/** `lamp is battery-powered` */
export interface TestAttribute extends NodeBase<"test-attribute"> {
  readonly subject: Name;
  readonly attribute: Name;
}

/** `wrench was dropped on 2026-10-01` */
export interface TestEvent extends NodeBase<"test-event"> {
  readonly subject: Name;
  readonly event: Name;
  readonly on: DateWord;
}

/** `chamber has run 480 use-hours since its service` · `wrench has run 4900 cycles since its calibration` */
export interface TestUse extends NodeBase<"test-use"> {
  readonly subject: Name;
  readonly amount: Quantity;
  readonly since: "service" | "calibration";
}

/** `the test is planned for 25 use-hours` */
export interface TestPlanned extends NodeBase<"test-planned"> {
  readonly amount: Quantity;
}

/** `penetrant expires on 2027-03-31 [, opened on 2026-06-01]` */
export interface TestLot extends NodeBase<"test-lot"> {
  readonly subject: Name;
  readonly expires: DateWord;
  readonly opened: DateWord | null;
}

/** `oven was checked by "STF-1" at 06:05 with result pass` */
export interface TestChecked extends NodeBase<"test-checked"> {
  readonly subject: Name;
  readonly by: Text;
  readonly at: Moment;
  readonly result: Name;
}

/** `lamp was last used until 2026-11-23 17:00` */
export interface TestUsed extends NodeBase<"test-used"> {
  readonly subject: Name;
  readonly until: Moment;
}

/** `given facts "file.json"` */
export interface TestGiven extends NodeBase<"test-given"> {
  readonly file: Text;
}

export interface ExpectAllowed extends NodeBase<"expect-allowed"> {}

/** `expect blocked by NAME, NAME`; plain `expect blocked` has an empty list. */
export interface ExpectBlocked extends NodeBase<"expect-blocked"> {
  readonly by: readonly Name[];
}

/** `expect reason calibration.overdue of light-meter` · `expect warning calibration.due-soon of "node"` */
export interface ExpectReason extends NodeBase<"expect-reason"> {
  readonly level: "reason" | "warning";
  readonly code: ReasonCode;
  /** A declared name, or a text: the subject itself (an asset id, an acknowledgement's text, `node`). */
  readonly subject: Name | Text;
}

export type TestExpectation = ExpectAllowed | ExpectBlocked | ExpectReason;

export type TestStatement =
  | TestAt
  | TestShifts
  | TestOperator
  | TestOrder
  | TestCalibrated
  | TestOn
  | TestReads
  | TestAcknowledged
  | TestService
  | TestAttribute
  | TestEvent
  | TestUse
  | TestPlanned
  | TestLot
  | TestChecked
  | TestUsed
  | TestGiven
  | TestExpectation;
