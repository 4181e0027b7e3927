import { fail, ok, type Result } from "../base/result.ts";
import type { OrdersDocument, PeopleDocument, StationRegister } from "../model/documents.ts";
import { isContractId, isPersonId } from "../model/ids.ts";
import type { ZoneTransitions } from "../model/zone.ts";
import { count, flag, integer, list, literal, object, record, type Shape, text } from "./shapes.ts";

/** The signed documents that travel beside the releases, from their bytes. Errors are sentences. */

const register = object({
  format: literal("maint-station/1"),
  node: text,
  station: object({ id: text, type: text, attributes: list(text), orderRequired: flag }),
  plantZone: text,
  shifts: list(text),
  roles: record(text),
  assets: list(object({ id: text, serial: text, type: text, attributes: list(text) })),
});

const SHA256 = /^[0-9a-f]{64}$/;
const sha256: Shape<string> = (value): value is string => text(value) && SHA256.test(value);
const personId: Shape<string> = (value): value is string => isPersonId(value);
const contractId: Shape<string> = (value): value is string => isContractId(value);

const people = object({
  format: literal("maint-people/1"),
  people: list(object({ id: personId, roles: list(text), tokenSha256: sha256 })),
});

const orders = object({
  format: literal("maint-orders/1"),
  orders: list(
    object({
      id: text,
      revision: count,
      state: literal("open", "closed"),
      tests: list(object({ name: text, maintenance: contractId, maintenance_conditions: list(text) })),
    }),
  ),
});

const transition: Shape<readonly [number, number]> = (value): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => integer(part));

const zone = object({
  format: literal("maint-zone/1"),
  zone: text,
  tzdata: text,
  fromMs: integer,
  untilMs: integer,
  transitions: list(transition),
});

const parse =
  <T>(shape: Shape<T>, what: string) =>
  (bytes: Uint8Array): Result<T, string> => {
    try {
      const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
      return shape(value) ? ok(value) : fail(`is no ${what} of a format this agent knows`);
    } catch {
      return fail("is no JSON");
    }
  };

export const parseRegister: (bytes: Uint8Array) => Result<StationRegister, string> = parse(
  register,
  "station register",
);
export const parsePeople: (bytes: Uint8Array) => Result<PeopleDocument, string> = parse(people, "list of people");
export const parseOrders: (bytes: Uint8Array) => Result<OrdersDocument, string> = parse(orders, "list of orders");
export const parseZone: (bytes: Uint8Array) => Result<ZoneTransitions, string> = parse(
  zone,
  "table of zone transitions",
);
