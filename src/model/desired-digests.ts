import type { Digest } from "./ids.ts";
import type { SignedDesired } from "./message.ts";

/** Every digest that a set rests on: metadata, documents, bundles, assignments. */
export function digestsOf({ desired }: SignedDesired): readonly Digest[] {
  const { metadata, documents, contracts, shadows = {}, assignments = {} } = desired;
  const named = [documents.register, documents.people, documents.orders, documents.zone].filter(
    (digest) => digest !== null,
  );
  const targets = [...Object.values(contracts), ...Object.values(shadows), ...Object.values(assignments)].map(
    ({ digest }) => digest,
  );
  const { root, timestamp, snapshot, delegated = {} } = metadata;
  return [
    ...new Set([...root, timestamp, snapshot, metadata.targets, ...Object.values(delegated), ...named, ...targets]),
  ];
}
