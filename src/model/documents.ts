import type { ContractId } from "./ids.ts";

/** Signed documents that travel to a node beside the releases, each a content-addressed blob of RFC 8785 JSON. */

/** What stands at a station. Its `type` is what `for every penetrant station` compares. */
export interface StationRegister {
  readonly format: "maint-station/1";
  readonly node: string;
  readonly station: {
    readonly id: string;
    readonly type: string;
    readonly attributes: readonly string[];
    readonly orderRequired: boolean;
  };
  readonly plantZone: string;
  /** Shift starts, `06:00`. */
  readonly shifts: readonly string[];
  /** Equipment role → asset id. */
  readonly roles: { readonly [role: string]: string };
  readonly assets: readonly {
    readonly id: string;
    readonly serial: string;
    readonly type: string;
    readonly attributes: readonly string[];
  }[];
}

export const PERSON_ROLES = ["author", "approver", "operator", "QA", "supervisor", "auditor", "admin"] as const;

/** People known at a node. A token is 32 random bytes; only its SHA-256 travels. */
export interface PeopleDocument {
  readonly format: "maint-people/1";
  readonly people: readonly { readonly id: string; readonly roles: readonly string[]; readonly tokenSha256: string }[];
}

/** SmartClientPO: client orders, open or closed, in revisions. */
export interface OrdersDocument {
  readonly format: "maint-orders/1";
  readonly orders: readonly ClientOrder[];
}

export interface ClientOrder {
  readonly id: string;
  readonly revision: number;
  readonly state: "open" | "closed";
  readonly tests: readonly {
    readonly name: string;
    readonly maintenance: ContractId;
    readonly maintenance_conditions: readonly string[];
  }[];
}
