import { tokenId } from "../../disk/read-token.ts";
import { makeToken, tokenMatches } from "../../disk/token-file.ts";
import { PERSON_ROLES, type PeopleDocument } from "../../model/documents.ts";
import { isPersonId } from "../../model/ids.ts";
import type { Clock, Principal } from "../ports.ts";
import { badRequest, conflict, nearest } from "../refusals.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { PersonTables } from "../store/person-tables.ts";

export interface KnownPerson {
  readonly id: string;
  readonly roles: readonly string[];
  readonly addedAtMs: number;
}

/** `hub/people.json`, written before there is a hub: the first administrator. */
export type SeedPerson = PeopleDocument["people"][number];

export interface PeopleService {
  /** Takes in people of the seed that are not known yet. */
  readonly seed: (people: readonly SeedPerson[]) => Promise<void>;
  /** Whose token this is; undefined for any that is not exactly a known person's. */
  readonly authenticate: (token: string) => Promise<Principal | undefined>;
  /** Undefined for nobody the hub knows. */
  readonly rolesOf: (id: string) => Promise<readonly string[] | undefined>;
  /**
   * Adds a person and answers the token, which is nowhere kept.
   * @throws MaintError BAD_REQUEST for an id or a role that is none, CONFLICT for a known id
   */
  readonly add: (
    person: { readonly id: string; readonly roles: readonly string[] },
    by: Principal,
  ) => Promise<{ readonly id: string; readonly roles: readonly string[]; readonly token: string }>;
  readonly list: () => Promise<readonly KnownPerson[]>;
  /** What travels to the nodes: ids, roles, token hashes, sorted by id. */
  readonly document: () => Promise<PeopleDocument>;
}

export function createPeopleService(ports: {
  readonly db: HubDatabase;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly changed: () => void;
}): PeopleService {
  const { db, journal, clock } = ports;
  const people = db.tables<PersonTables>();
  const rows = () => people.selectFrom("person").selectAll().orderBy("id").execute();
  return {
    async seed(seeded) {
      const values = seeded.map((person) => row(person, clock.nowMs()));
      if (values.length === 0) return;
      await people
        .insertInto("person")
        .values(values)
        .onConflict((conflicting) => conflicting.doNothing())
        .execute();
    },
    rolesOf: async (id) => {
      const found = await people.selectFrom("person").select("roles").where("id", "=", id).executeTakeFirst();
      return found === undefined ? undefined : (JSON.parse(found.roles) as string[]);
    },
    async authenticate(token) {
      const id = tokenId(token);
      if (id === undefined) return undefined;
      const found = await people.selectFrom("person").selectAll().where("id", "=", id).executeTakeFirst();
      if (found === undefined || !tokenMatches(token, found.token_sha256)) return undefined;
      return { id, roles: JSON.parse(found.roles) as string[] };
    },
    async add(person, by) {
      const roles = checkedRoles(person.roles);
      if (!isPersonId(person.id)) throw badRequest(`"${person.id}" is no person's id`, "letters and digits, as STF-1");
      const { token, sha256 } = makeToken(person.id);
      await journal.commit<PersonTables, void>(async ({ tables, record }) => {
        const taken = await tables.selectFrom("person").select("id").where("id", "=", person.id).executeTakeFirst();
        if (taken !== undefined) throw conflict(`${person.id} is known already`, "choose another id");
        await tables
          .insertInto("person")
          .values(row({ id: person.id, roles, tokenSha256: sha256 }, clock.nowMs()))
          .execute();
        record({
          action_type: "person",
          action: "added",
          target: person.id,
          details: `${person.id} was added as ${roles.join(" and ")}`,
          user_id: by.id,
          smart_id: null,
          metadata: { roles },
        });
      });
      ports.changed();
      return { id: person.id, roles, token };
    },
    list: async () =>
      (await rows()).map(({ id, roles, added_at_ms }) => ({
        id,
        roles: JSON.parse(roles) as string[],
        addedAtMs: added_at_ms,
      })),
    document: async () => ({
      format: "maint-people/1",
      people: (await rows()).map(({ id, roles, token_sha256 }) => ({
        id,
        roles: JSON.parse(roles) as string[],
        tokenSha256: token_sha256,
      })),
    }),
  };
}

const row = (person: SeedPerson, addedAtMs: number) => ({
  id: person.id,
  roles: JSON.stringify(person.roles),
  token_sha256: person.tokenSha256,
  added_at_ms: addedAtMs,
});

/** Roles in the spelling of PERSON_ROLES; contracts may ask for others (`plant-manager`), which are taken as they are. */
function checkedRoles(asked: readonly string[]): readonly string[] {
  if (asked.length === 0) throw badRequest("a person has at least one role", `roles: ${PERSON_ROLES.join(", ")}`);
  const roles = asked.map((role) => {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(role))
      throw badRequest(`"${role}" is no role`, `such as ${PERSON_ROLES.join(", ")}`);
    const known = PERSON_ROLES.find((one) => one.toLowerCase() === role.toLowerCase());
    const [near] = known === undefined ? nearest(role, PERSON_ROLES) : [];
    // A person who may do nothing for a letter is found out at the station, in the middle of a shift.
    if (near !== undefined) throw badRequest(`"${role}" is no role`, `did you mean ${near}?`);
    return known ?? role;
  });
  return [...new Set(roles)];
}

/** Who has a role, whatever its case, as one look at the table: it may be asked inside a transaction. */
export const rolesIn =
  ({ prepare }: Pick<HubDatabase, "prepare">) =>
  (role: string): readonly string[] => {
    const known = prepare("select id, roles from person order by id").all() as readonly { id: string; roles: string }[];
    const asked = role.toLowerCase();
    return known.flatMap(({ id, roles }) =>
      (JSON.parse(roles) as string[]).some((one) => one.toLowerCase() === asked) ? [id] : [],
    );
  };
