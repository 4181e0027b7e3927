import { fail, ok, type Result } from "../base/result.ts";
import { parsePlainJson } from "../base/strict-json.ts";
import {
  type ContractId,
  compareVersions,
  type Digest,
  isContractId,
  isDigest,
  isTestNodeId,
  isVersion,
  type Version,
} from "../model/ids.ts";
import type { Desired, DesiredAssignment, DesiredContract } from "../model/message.ts";
import type { BytesOf } from "./metadata-document.ts";
import { type Rejection, rejection } from "./rejection.ts";
import { flag, list, literal, nullable, object, type Shape, text } from "./shapes.ts";
import { type ProvenTarget, type VerifiedMetadata, verifyTarget } from "./verification.ts";

/**
 * What release signers allow a hub to take from nodes. The hub's online key may tighten, never loosen: an enforced contract is
 * dropped, put in the shadow or lowered only where an assignment, a signed TUF target, says so. Source: distribution.md "Who
 * may do what".
 */
export interface Assignment {
  readonly domain: string;
  readonly number: number;
  /** The lowest version that the hub may go back to; null allows none. */
  readonly minimum: Version | null;
  /** Bundles that it may go back to: those of the version before, so that an automatic revert needs no person. */
  readonly revertTo: readonly Digest[];
  readonly drop: boolean;
  readonly shadow: boolean;
  /** Null is every node. */
  readonly nodes: readonly string[] | null;
  /** Whether a role signed it that two people sign. */
  readonly loosening: boolean;
}

const is =
  <T>(holds: (value: unknown) => value is T): Shape<T> =>
  (value): value is T =>
    holds(value);

const document = object({
  format: literal("maint-assignment/1"),
  contract: is(isContractId),
  number: is((value): value is number => Number.isSafeInteger(value) && (value as number) >= 1),
  minimum: nullable(is(isVersion)),
  revertTo: list(is(isDigest)),
  drop: flag,
  shadow: flag,
  nodes: nullable(list(is(isTestNodeId))),
  reason: text,
  by: text,
});

const TARGET = /^([a-z][a-z0-9-]*)\/assignments\/([A-Z0-9-]+)\/([1-9]\d{0,8})\.json$/;
const LOOSENING_ROLE = /-loosening(-[1-9]\d*)?$/;
const LOOSENING_THRESHOLD = 2;

/** Whether two people at the least signed it, in a role that says so by its name. */
export const isLoosening = ({ role, threshold }: ProvenTarget): boolean =>
  LOOSENING_ROLE.test(role) && threshold >= LOOSENING_THRESHOLD;

export type Assignments = ReadonlyMap<ContractId, Assignment>;

/** Those that the desired set names, each proven, and each the latest that the signed targets list. */
export function readAssignments(
  desired: Desired,
  metadata: VerifiedMetadata,
  bytesOf: BytesOf,
): Result<Assignments, Rejection> {
  const assignments = new Map<ContractId, Assignment>();
  for (const [contract, wanted] of Object.entries(desired.assignments ?? {})) {
    const read = readAssignment(contract, wanted, metadata, bytesOf);
    if (!read.ok) return read;
    assignments.set(contract, read.value);
  }
  return ok(assignments);
}

function readAssignment(
  contract: ContractId,
  { target, digest }: DesiredAssignment,
  metadata: VerifiedMetadata,
  bytesOf: BytesOf,
): Result<Assignment, Rejection> {
  const [, domain = "", id, numbered] = TARGET.exec(target) ?? [];
  if (!isContractId(contract) || id !== contract)
    return fail(rejection("metadata-mismatch", `${target} is not where an assignment of ${contract} lies`));
  const bytes = bytesOf(digest);
  if (bytes === undefined) return fail(rejection("digest-mismatch", `${target}: the bytes of ${digest} are not there`));
  const proven = verifyTarget(metadata, target, bytes);
  if (!proven.ok) return proven;
  const number = Number(numbered);
  const later = `${domain}/assignments/${contract}/${number + 1}.json`;
  const replaced = metadata.target(later);
  if (!replaced.ok) return replaced;
  if (replaced.value !== undefined) return fail(rejection("version-regression", `${later} replaced ${target}`));
  const parsed = parsePlainJson(new TextDecoder().decode(bytes));
  if (!parsed.ok || !document(parsed.value) || parsed.value.contract !== contract || parsed.value.number !== number)
    return fail(rejection("format-unsupported", `${target} is no assignment ${number} of ${contract}`));
  const { minimum, revertTo, drop, shadow, nodes } = parsed.value;
  const loosening = isLoosening(proven.value);
  if ((drop || shadow) && !loosening)
    return fail(rejection("threshold", `${target} loosens, and ${proven.value.role} is no role of two signers`));
  return ok({ domain, number, minimum, revertTo, drop, shadow, nodes, loosening });
}

/** Holds the next set against the one that is in force. `assignments` are the next set's. */
export function refuseUnassigned(
  desired: Desired,
  before: Desired | null,
  assignments: Assignments,
): Rejection | undefined {
  for (const [contract, active] of Object.entries(before?.contracts ?? {})) {
    if (active.mode !== "enforce") continue;
    const next = Object.hasOwn(desired.contracts, contract) ? desired.contracts[contract] : undefined;
    const refused = refuseStep({ contract, node: desired.node, active, next, assignment: assignments.get(contract) });
    if (refused !== undefined) return refused;
  }
  return undefined;
}

interface Step {
  readonly contract: ContractId;
  readonly node: string;
  readonly active: DesiredContract;
  readonly next: DesiredContract | undefined;
  readonly assignment: Assignment | undefined;
}

function refuseStep(step: Step): Rejection | undefined {
  const { contract, active, next, assignment } = step;
  const name = `${contract}@${active.version}`;
  const unless = (allowed: (one: Assignment) => boolean, what: string): Rejection | undefined => {
    const why = assignment === undefined ? "no assignment is signed" : whyNot(assignment, allowed, step);
    return why === undefined
      ? undefined
      : rejection("unassigned", `${name} is enforced here; the hub alone may not ${what}: ${why}`);
  };
  if (next === undefined) return unless(({ drop }) => drop, "drop it");
  if (next.mode !== "enforce") return unless(({ shadow }) => shadow, "put it in the shadow");
  if (domainOf(next.target) !== domainOf(active.target))
    return unless(() => false, `take it from the signers of ${domainOf(active.target)}`);
  const order = isVersion(next.version) ? compareVersions(next.version, active.version) : -1;
  if (order < 0) {
    const { minimum = null } = assignment ?? {};
    if (
      assignment !== undefined &&
      minimum !== null &&
      compareVersions(minimum, active.version) < 0 &&
      !assignment.loosening
    )
      return rejection("threshold", `assignment ${assignment.number} lowers ${name}, and one person signed it`);
    const reaches = (one: Assignment) =>
      one.revertTo.includes(next.digest) || (one.minimum !== null && compareVersions(next.version, one.minimum) >= 0);
    return unless(reaches, `lower it to ${next.version}`);
  }
  if (order > 0) return undefined;
  if (next.digest !== active.digest)
    return rejection("content-mismatch", `${name} is in force with other content; a stored version never changes`);
  // Without a date it is in force; a later date would leave a gap before it.
  return next.from === active.from ? undefined : unless(() => false, "move its date");
}

function whyNot(assignment: Assignment, allowed: (one: Assignment) => boolean, step: Step): string | undefined {
  const { domain, number, nodes } = assignment;
  if (domain !== domainOf(step.active.target)) return `assignment ${number} is signed for ${domain}`;
  if (nodes !== null && !nodes.includes(step.node)) return `assignment ${number} does not name ${step.node}`;
  return allowed(assignment) ? undefined : `assignment ${number} does not allow it`;
}

const domainOf = (target: string): string => target.slice(0, Math.max(0, target.indexOf("/")));
