import type { RecordedKind } from "../model/evidence.ts";
import {
  bodySchema,
  flagSchema,
  instantSchema,
  type JsonSchema,
  listSchema,
  mapSchema,
  textSchema,
  wordSchema,
} from "../model/json-schema.ts";

/** What a person fills in for one kind of evidence. Names of assets, quantities, steps and materials are those of the station. */
export interface EvidenceForm {
  readonly required: { readonly [field: string]: JsonSchema };
  readonly optional: { readonly [field: string]: JsonSchema };
}

export const CALIBRATION_RESULTS = ["pass", "fail", "pass-with-correction"] as const;
export const CHECK_RESULTS = ["pass", "fail"] as const;
export const CHECK_TIMES = ["list", "opening", "closing"] as const;
export const COUNTERS = ["hours", "cycles"] as const;
export const SERVICE_STATES = [
  "in-service",
  "out-of-service",
  "locked",
  "unlocked",
  "returned",
  "reverified",
  "used",
] as const;
export const SWITCH_STATES = ["on", "off"] as const;
export const MAX_EVIDENCE_TEXT = 512;

const text = (description: string): JsonSchema =>
  textSchema(description, { minLength: 1, maxLength: MAX_EVIDENCE_TEXT });
const date = (description: string): JsonSchema => textSchema(description, { format: "date" });
const asset = textSchema("asset id, or the role it has at this station", { minLength: 1 });
const DECIMAL = "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$";
/** A number of hours, of cycles: not negative. */
export const amountSchema: JsonSchema = {
  anyOf: [
    { type: "number", minimum: 0 },
    { type: "string", pattern: DECIMAL.replace("-?", "") },
  ],
};
const decimal = (description: string): JsonSchema => ({
  anyOf: [{ type: "number" }, { type: "string", pattern: DECIMAL }],
  description: `${description}; exact as a text`,
});
const certificate = text("certificate number");

/** Fields that every kind may carry beside its own. */
export const COMMON_FIELDS: { readonly [field: string]: JsonSchema } = {
  takenAt: instantSchema("when it was so, with offset; else now"),
  supersedes: text("id of the record that this one corrects"),
};

export const evidenceForms: { readonly [kind in RecordedKind]: EvidenceForm } = {
  calibration: {
    required: { asset, performedOn: date("plant date on the certificate"), result: wordSchema(CALIBRATION_RESULTS) },
    optional: {
      dueOn: date("due date on the certificate"),
      certificate,
      assetSerial: text("serial number on the certificate"),
      asFound: text("in-tolerance or out-of-tolerance"),
      asLeft: text("in-tolerance or out-of-tolerance"),
      asFoundShare: decimal("largest error found, as a share of the tolerance, signed"),
      asLeftShare: decimal("largest error left, as a share of the tolerance, signed"),
      signature: text("valid, where the certificate's own signature was verified"),
      ranges: {
        ...{ type: "array", minItems: 1, description: "calibrated ranges: low, high, unit" },
        items: {
          ...{ type: "array", minItems: 3, maxItems: 3, items: false },
          prefixItems: [decimal("low"), decimal("high"), textSchema("unit")],
        },
      },
      references: listSchema(textSchema(), "reference standards it was calibrated with"),
      national: flagSchema("it is a national standard"),
    },
  },
  reading: {
    required: { quantity: text("as the contract names it"), value: decimal("what was shown"), unit: text("unit") },
    optional: { takenWith: asset, settledMinutes: decimal("how long it had settled") },
  },
  acknowledgement: { required: { step: text("the step as the contract words it") }, optional: {} },
  "on-time": {
    required: { asset },
    optional: { state: wordSchema(SWITCH_STATES), forMinutes: decimal("how long it has been on already") },
  },
  check: {
    required: { asset, result: wordSchema(CHECK_RESULTS) },
    optional: {
      when: wordSchema(CHECK_TIMES, "a check list, or before or after a use"),
      name: text("which check, where there are several"),
      items: mapSchema({ type: ["string", "boolean"] }, "what each item of the list came to"),
    },
  },
  event: { required: { asset, event: text("dropped, overloaded, as the contract words it") }, optional: {} },
  service: { required: { asset, state: wordSchema(SERVICE_STATES) }, optional: {} },
  lot: {
    required: { material: text("as the contract names it"), lot: text("lot number") },
    optional: {
      expires: textSchema("date or month it is good to", { pattern: "^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$" }),
      openedOn: date("date it was opened"),
    },
  },
  counter: {
    required: { asset, counter: wordSchema(COUNTERS), value: decimal("what it shows, not below zero") },
    optional: { atService: flagSchema("the equipment was serviced at this count") },
  },
  override: {
    required: {
      rule: text("reason code, as the gate gives it"),
      subject: text("what the reason is about, as the gate names it"),
      reason: text("why"),
      expiresAt: instantSchema("when it ends, with offset"),
    },
    optional: {},
  },
  extension: { required: { asset, until: date("its last day"), reason: text("why") }, optional: {} },
  approval: {
    required: { of: textSchema("id of an override or extension", { pattern: "^E[0-9]{1,15}$" }) },
    optional: {},
  },
  revocation: { required: { asset, certificate, reason: text("why") }, optional: {} },
  "impact-closed": {
    required: { asset, certificate, disposition: text("what was decided about earlier tests") },
    optional: {},
  },
};

/** Names that a body of this kind may carry. */
export const fieldsOfForm = ({ required, optional }: EvidenceForm): readonly string[] => [
  ...["kind", ...Object.keys(COMMON_FIELDS)],
  ...[...Object.keys(required), ...Object.keys(optional)],
];

/** The bodies that POST /v1/evidence takes, one for each kind. */
export const EVIDENCE_BODIES: readonly JsonSchema[] = Object.entries(evidenceForms).map(
  ([kind, { required, optional }]) =>
    bodySchema({ kind: { const: kind }, ...required }, { ...optional, ...COMMON_FIELDS }),
);
