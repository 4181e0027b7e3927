import { isAlias, isNode, LineCounter, parseDocument, visit } from "yaml";
import { z } from "zod";
import { fail, ok, type Result } from "../../base/result.ts";
import { isContractId, isName } from "../../model/ids.ts";

/** A SmartClientPO as a client's buyer or planner writes it, before it is linked. */
export interface OrderDraft {
  readonly id: string;
  /** Null where the file names none: the hub then counts. */
  readonly revision: number | null;
  readonly tests: readonly {
    readonly name: string;
    readonly maintenance: string;
    readonly maintenance_conditions: readonly string[];
  }[];
}

export interface OrderProblem {
  /** From 1; null where the whole file is meant. */
  readonly line: number | null;
  readonly message: string;
}

export const MAX_ORDER_BYTES = 256 << 10;
const MAX_TESTS = 500;
const MAX_CONDITIONS = 200;
const MAX_REVISION = 1_000_000;

/** It becomes part of an address and of a screen; the same letters as other ids, and blanks between them. */
const ORDER_ID = /^[A-Za-z0-9]+([-_. ][A-Za-z0-9]+)*$/;
/** Control characters and those that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const word = z
  .string({ error: "a text was expected" })
  .min(1, "is empty")
  .max(64, "is longer than 64 characters")
  .refine((text) => !UNPRINTABLE.test(text), "holds characters that cannot be printed");

const testSchema = z.strictObject({
  name: word,
  maintenance: word.refine(isContractId, "is no contract id, such as MAIN-PEN-CHECK-001"),
  maintenance_conditions: z
    .array(word.refine(isName, "is no condition's name, such as must-calibrate-before-test"))
    .max(MAX_CONDITIONS, `more than ${MAX_CONDITIONS} conditions`)
    .default([]),
});

const orderSchema = z.strictObject({
  id: word.regex(ORDER_ID, "is no order id, such as PO-2026-118"),
  contract_type: z.literal("SmartClientPO").optional(),
  client: word.optional(),
  title: z.string().max(200).optional(),
  revision: z.int("a whole number was expected").min(1).max(MAX_REVISION).optional(),
  state: z.literal("open", { error: 'is "open" here; an order is closed with maint order close' }).optional(),
  tests: z
    .array(testSchema, { error: "a list of tests was expected" })
    .min(1, "names no test: an order binds at least one")
    .max(MAX_TESTS, `more than ${MAX_TESTS} tests`),
});

/** The order in a YAML or JSON text, or everything that is wrong with it. Anchors, aliases and doubled keys are refused. */
export function parseOrder(text: string): Result<OrderDraft, readonly OrderProblem[]> {
  if (Buffer.byteLength(text) > MAX_ORDER_BYTES) {
    return fail([{ line: null, message: `the order is larger than ${MAX_ORDER_BYTES} bytes` }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, prettyErrors: false });
  const broken = [...document.errors, ...document.warnings].map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    message: error.message,
  }));
  if (broken.length > 0) return fail(broken);
  let alias = false;
  visit(document, (_key, node) => {
    alias ||= isAlias(node);
  });
  if (alias) return fail([{ line: null, message: "an order is written out: aliases (*name) are not read" }]);
  const lineOf = (path: readonly PropertyKey[]): number | null => {
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return null;
  };
  const checked = orderSchema.safeParse(document.toJS());
  if (!checked.success) return fail(checked.error.issues.map((issue) => problemOf(issue, lineOf)));
  const { id, revision, tests } = checked.data;
  const doubled = doubledTest(tests);
  if (doubled !== undefined) {
    const { name, maintenance } = tests[doubled] ?? { name: "", maintenance: "" };
    return fail([{ line: lineOf(["tests", doubled]), message: `"${name}" names ${maintenance} twice` }]);
  }
  return ok({ id, revision: revision ?? null, tests });
}

function problemOf(issue: z.core.$ZodIssue, lineOf: (path: readonly PropertyKey[]) => number | null): OrderProblem {
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = unknown === undefined ? issue.path : [...issue.path, unknown];
  const where = path.length === 0 ? "the order" : path.map(String).join(".");
  const message = unknown === undefined ? issue.message : "is not known here";
  return { line: lineOf(path), message: `${where}: ${message}` };
}

function doubledTest(tests: OrderDraft["tests"]): number | undefined {
  const seen = new Set<string>();
  const at = tests.findIndex(({ name, maintenance }) => {
    const key = `${maintenance} ${name}`;
    return seen.size === seen.add(key).size;
  });
  return at === -1 ? undefined : at;
}
