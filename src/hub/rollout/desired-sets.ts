import { canonicalJson } from "../../base/canonical-json.ts";
import { type SigningKey, signHex } from "../../disk/key-file.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { OrdersDocument, PeopleDocument } from "../../model/documents.ts";
import type { Digest } from "../../model/ids.ts";
import type { Desired, SignedDesired } from "../../model/message.ts";
import { type AssignableRelease, assignmentsOf } from "../core/rollout.ts";
import type { KnownNode } from "../nodes/node-service.ts";
import type { PolicyCentral, PolicyMetadata } from "../policy-central/policy-central.ts";
import type { BlobShelf } from "../session/blob-shelf.ts";

/** What all nodes' desired sets are made of at one moment. */
export interface DesiredSources {
  readonly releases: readonly AssignableRelease[];
  readonly metadata: PolicyMetadata;
  readonly assignment: PolicyCentral["assignment"];
  readonly people: PeopleDocument;
  readonly orders: OrdersDocument;
  readonly shelf: BlobShelf;
}

/**
 * One node's complete desired set but for its generation; every document it names is put on the shelf. `before` is the set it
 * has: what its signers say of a contract goes along with the set that takes it away.
 */
export function desiredOf(
  node: KnownNode,
  sources: DesiredSources,
  before: Desired | undefined,
): Omit<Desired, "generation"> {
  const put = (document: unknown): Digest => sources.shelf.put(Buffer.from(canonicalJson(document)));
  const { metadata } = sources;
  const zone = zoneFromIntl(node.register.plantZone);
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
      register: put(node.register),
      people: put(sources.people),
      orders: put(sources.orders),
      zone: zone === undefined ? null : put(zone),
    },
    metadata: {
      root: metadata.roots.map(({ digest }) => digest),
      timestamp: metadata.timestamp.digest,
      snapshot: metadata.snapshot.digest,
      targets: metadata.targets.digest,
      delegated: Object.fromEntries([...metadata.delegated].map(([role, { digest }]) => [role, digest])),
    },
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
