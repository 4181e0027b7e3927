import { canonicalJson } from "../../base/canonical-json.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { parsePlainJson } from "../../base/strict-json.ts";
import {
  type ContractId,
  type Digest,
  isContractId,
  isDigest,
  isTestNodeId,
  isVersion,
  type Version,
} from "../../model/ids.ts";

/**
 * What release signers let a hub take from nodes that enforce a contract; the highest number holds. A hub's own key may tighten
 * and delay, never drop, shadow or step below. Source: distribution.md "Who may do what".
 */
export interface AssignmentDocument {
  readonly format: "maint-assignment/1";
  readonly contract: ContractId;
  readonly number: number;
  /** The lowest version that nodes may be taken back to; null where only `revertTo` counts. */
  readonly minimum: Version | null;
  /** Bundles that nodes may be taken back to: those of the version before. */
  readonly revertTo: readonly Digest[];
  readonly drop: boolean;
  readonly shadow: boolean;
  /** Null is every node. */
  readonly nodes: readonly string[] | null;
  readonly reason: string;
  readonly by: string;
}

const MAX_TEXT = 2_000;
const MAX_LISTED = 10_000;

/** Two people sign what takes something away. */
export const loosens = ({ drop, shadow, minimum }: AssignmentDocument): boolean => drop || shadow || minimum !== null;

export const assignmentText = (document: AssignmentDocument): string => canonicalJson(document);

/** Reads one in the one spelling that is written. The error is a sentence without its subject. */
export function parseAssignment(text: string): Result<AssignmentDocument, string> {
  const json = parsePlainJson(text);
  if (!json.ok) return fail(`is no JSON: ${json.error.message}`);
  const value = json.value as { readonly [field: string]: unknown };
  if (typeof value !== "object" || value === null || !isDocument(value)) return fail("is no maint-assignment/1");
  return canonicalJson(value) === text ? ok(value as unknown as AssignmentDocument) : fail("is not spelt canonically");
}

const FIELDS = "by,contract,drop,format,minimum,nodes,number,reason,revertTo,shadow";
const isText = (value: unknown): boolean => typeof value === "string" && value.length <= MAX_TEXT;
const isListOf = (value: unknown, holds: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length <= MAX_LISTED && value.every(holds);

const isDocument = (value: { readonly [field: string]: unknown }): boolean =>
  Object.keys(value).sort().join() === FIELDS &&
  value["format"] === "maint-assignment/1" &&
  isContractId(value["contract"]) &&
  Number.isSafeInteger(value["number"]) &&
  (value["minimum"] === null || isVersion(value["minimum"])) &&
  isListOf(value["revertTo"], isDigest) &&
  typeof value["drop"] === "boolean" &&
  typeof value["shadow"] === "boolean" &&
  (value["nodes"] === null || isListOf(value["nodes"], isTestNodeId)) &&
  isText(value["reason"]) &&
  isText(value["by"]);
