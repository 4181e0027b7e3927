import { isName } from "../../model/ids.ts";

/**
 * Delegated targets roles, two a domain: `penetrant`, which one signer signs, and `penetrant-loosening`, which two sign. A role
 * that is full goes on as `penetrant-2`, `penetrant-3` … under the same keys. Source: distribution.md "Trust".
 */
export interface DomainRole {
  readonly domain: string;
  readonly loosening: boolean;
  /** 1, then 2 for the role that goes on. */
  readonly part: number;
}

/** tuf-js takes time with the square of it. Source: distribution.md "Trust". */
export const MAX_TARGETS_A_ROLE = 100;
export const SIGNERS = { plain: 1, loosening: 2 } as const;

const TOP_LEVEL = ["root", "targets", "snapshot", "timestamp", "metadata"];
const SUFFIX = /(-loosening)?(-(\d+))?$/;

/** `penetrant`, `general`: a kebab-case name that is no role's own and does not end as one of its roles would. */
export const isDomain = (text: unknown): text is string =>
  isName(text) && !TOP_LEVEL.includes(text) && !/-loosening$/.test(text) && !/-\d+$/.test(text);

export const roleName = ({ domain, loosening, part }: DomainRole): string =>
  `${domain}${loosening ? "-loosening" : ""}${part > 1 ? `-${part}` : ""}`;

/** What a role's name says; undefined for one that is no role of a domain. */
export function parseRoleName(name: string): DomainRole | undefined {
  const [suffix = "", loosening, , part] = SUFFIX.exec(name) ?? [];
  const role: DomainRole = {
    domain: name.slice(0, name.length - suffix.length),
    loosening: loosening !== undefined,
    part: part === undefined ? 1 : Number(part),
  };
  return isDomain(role.domain) && roleName(role) === name ? role : undefined;
}

/** What a domain's roles may list. */
export const pathsOf = (domain: string): readonly string[] => [
  `${domain}/maintenance-contracts/*/*`,
  `${domain}/assignments/*/*`,
];
