import { tokenId } from "../disk/read-token.ts";
import { tokenMatches } from "../disk/token-file.ts";
import type { PeopleDocument } from "../model/documents.ts";

export type Scope = "gate" | "record" | "acknowledge" | "admin" | "status" | "audit";

/** Who calls the local API. A test program has no person, so its tests have no operator. */
export interface Caller {
  readonly id: string;
  readonly person: boolean;
  readonly roles: readonly string[];
  readonly scopes: ReadonlySet<Scope>;
}

const MACHINE: ReadonlySet<Scope> = new Set(["gate", "status"]);
const AT_THE_STATION: ReadonlySet<Scope> = new Set(["gate", "record", "acknowledge", "status"]);
const ADMIN: ReadonlySet<Scope> = new Set([...AT_THE_STATION, "admin", "audit"]);
const READER: ReadonlySet<Scope> = new Set(["status"]);

/** Roles without case, as the language compares them. */
const WORKS_HERE = new Set(["operator", "qa", "supervisor"]);
/** Who may read what everybody did here; the same as at the hub. */
const READS_LEDGER = new Set(["auditor", "qa", "approver", "author"]);

function scopesOf(roles: readonly string[]): ReadonlySet<Scope> {
  const words = roles.map((role) => role.toLowerCase());
  if (words.includes("admin")) return ADMIN;
  const scopes = words.some((role) => WORKS_HERE.has(role)) ? AT_THE_STATION : READER;
  return words.some((role) => READS_LEDGER.has(role)) ? new Set([...scopes, "audit"]) : scopes;
}

/**
 * Whom an Authorization header belongs to, or undefined. `machineToken` is the node's own token for test programs; people
 * come from the signed document, which holds hashes only.
 */
export function callerOf(
  header: string | undefined,
  people: PeopleDocument | null,
  machine: { readonly node: string; readonly tokenSha256: string },
): Caller | undefined {
  const [, token] = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header ?? "") ?? [];
  const id = token === undefined ? undefined : tokenId(token);
  if (token === undefined || id === undefined) return undefined;
  if (id === machine.node && tokenMatches(token, machine.tokenSha256))
    return { id, person: false, roles: [], scopes: MACHINE };
  const person = people?.people.find((known) => known.id === id);
  if (person === undefined || !tokenMatches(token, person.tokenSha256)) return undefined;
  return { id, person: true, roles: person.roles, scopes: scopesOf(person.roles) };
}
