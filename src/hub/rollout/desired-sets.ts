import { canonicalJson } from "../../base/canonical-json.ts";
import { type SigningKey, signHex } from "../../disk/key-file.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { OrdersDocument, PeopleDocument } from "../../model/documents.ts";
import type { Digest } from "../../model/ids.ts";
import type { Desired, SignedDesired } from "../../model/message.ts";
import { type AssignableRelease, assignmentsOf } from "../core/rollout.ts";
import type { PolicyCentral } from "../policy-central/policy-central.ts";
import type { BlobShelf } from "../session/blob-shelf.ts";
import type { FloorNode } from "./known-releases.ts";

/** What all nodes' desired sets are made of at one moment. */
export interface DesiredSources {
  readonly releases: readonly AssignableRelease[];
  readonly metadata: Desired["metadata"];
  readonly assignment: PolicyCentral["assignment"];
  readonly people: Digest;
  readonly orders: Digest;
  /** Null for a zone that is not known here. */
  readonly zone: (name: string) => Digest | null;
  readonly put: (document: unknown) => Digest;
}

/** What is the same for many nodes is encoded, hashed and put on the shelf once. */
export function sourcesFrom(given: {
  readonly releases: readonly AssignableRelease[];
  readonly policy: Pick<PolicyCentral, "metadata" | "assignment">;
  readonly people: PeopleDocument;
  readonly orders: OrdersDocument;
  readonly shelf: BlobShelf;
}): DesiredSources {
  const put = (document: unknown): Digest => given.shelf.put(Buffer.from(canonicalJson(document)));
  const zones = new Map<string, Digest | null>();
  const zone = (name: string): Digest | null => {
    const known = zones.get(name);
    if (known !== undefined) return known;
    const transitions = zoneFromIntl(name);
    const digest = transitions === undefined ? null : put(transitions);
    zones.set(name, digest);
    return digest;
  };
  const { roots, timestamp, snapshot, targets, delegated } = given.policy.metadata();
  return {
    ...{ releases: given.releases, assignment: given.policy.assignment, put, zone },
    ...{ people: put(given.people), orders: put(given.orders) },
    metadata: {
      root: roots.map(({ digest }) => digest),
      ...{ timestamp: timestamp.digest, snapshot: snapshot.digest, targets: targets.digest },
      delegated: Object.fromEntries([...delegated].map(([role, { digest }]) => [role, digest])),
    },
  };
}

/**
 * One node's complete desired set but for its generation; every document it names is put on the shelf. `before` is the set it
 * has: what its signers say of a contract goes along with the set that takes it away.
 */
export function desiredOf(
  node: FloorNode,
  sources: DesiredSources,
  before: Desired | undefined,
): Omit<Desired, "generation"> {
  const { metadata, people, orders } = sources;
  const contracts = assignmentsOf(node.id, node.register.station.type, sources.releases);
  const shadows = assignmentsOf(node.id, node.register.station.type, sources.releases, "shadow");
  const concerned = new Set([...Object.keys(contracts), ...Object.keys(before?.contracts ?? {})]);
  return {
    node: node.id,
    contracts,
    ...(Object.keys(shadows).length === 0 ? {} : { shadows }),
    assignments: Object.fromEntries(
      [...concerned].sort().flatMap((contract) => {
        const found = sources.assignment(contract);
        return found === undefined
          ? []
          : [[contract, { digest: found.digest, size: found.size, target: found.target }] as const];
      }),
    ),
    documents: {
      register: sources.put(node.register),
      ...{ people, orders, zone: sources.zone(node.register.plantZone) },
    },
    metadata,
  };
}

/** The same but for the generation. */
export const saysTheSame = (before: Desired, next: Omit<Desired, "generation">): boolean =>
  canonicalJson({ ...before, generation: 0 }) === canonicalJson({ ...next, generation: 0 });

export const signDesired = (desired: Desired, key: SigningKey): SignedDesired => ({
  desired,
  keyId: key.keyId,
  signature: signHex(key, canonicalJson(desired)),
});
