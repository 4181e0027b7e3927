import type { Severity } from "../../model/alert.ts";
import { severityRank } from "../alerts/alert-record.ts";
import type { NoticesConfig } from "./notices-file.ts";

export interface Recipient {
  readonly channel: string;
  /** A mail address; of other channels the channel itself. */
  readonly recipient: string;
}

export interface Recipients {
  readonly recipients: readonly Recipient[];
  /** Why somebody is not reached who should be. */
  readonly missing: readonly Recipient[];
}

/**
 * Who is told of a notice to `role`. Every route of the role counts; those of `*` only where the role has none of its own.
 * @param peopleWith ids of the people who have a role
 */
export function recipientsOf(
  config: NoticesConfig,
  { role, severity }: { readonly role: string; readonly severity: Severity },
  peopleWith: (role: string) => readonly string[],
): Recipients {
  const own = config.routes.filter((route) => route.role.toLowerCase() === role.toLowerCase());
  const routes = own.length > 0 ? own : config.routes.filter((route) => route.role === "*");
  const found = new Map<string, Recipient>();
  const missing: Recipient[] = routes.length === 0 ? [{ channel: "", recipient: `no route for the role ${role}` }] : [];
  for (const route of routes) {
    if (severityRank[severity] < severityRank[route.severity]) continue;
    for (const channel of route.channels) {
      if (config.channels[channel]?.kind !== "email") {
        found.set(channel, { channel, recipient: channel });
        continue;
      }
      const known = peopleWith(role).flatMap((person) => addressOf(config, person));
      const addresses = [...route.to, ...known];
      for (const recipient of addresses) found.set(`${channel} ${recipient.toLowerCase()}`, { channel, recipient });
      if (addresses.length === 0) missing.push({ channel, recipient: `nobody with the role ${role} has an address` });
    }
  }
  return { recipients: [...found.values()], missing };
}

const addressOf = ({ people }: NoticesConfig, person: string): readonly string[] =>
  Object.hasOwn(people, person) ? [people[person] ?? []].flat() : [];
