import { expect, test } from "vitest";
import { isLoosening } from "../../src/agent/assignment.ts";
import { digestOf, verifyMetadata } from "../../src/agent/verification.ts";
import { makeSigningKey, type SigningKey, tufKeyObject } from "../../src/disk/key-file.ts";
import { makeMetadata, sha256Hex, signedBy, type TufJson } from "../../src/hub/release/metadata-text.ts";

const NOW_MS = Date.parse("2026-11-24T15:00:00Z");
const EXPIRES = "2027-01-01T00:00:00Z";
const ASSIGNMENT = "penetrant/assignments/UV-DAILY/1.json";

const [author, approver, online, madeByThief, ...roots] = Array.from({ length: 6 }, () => makeSigningKey()) as [
  SigningKey,
  SigningKey,
  SigningKey,
  SigningKey,
  SigningKey,
  SigningKey,
];
const keysOf = (...keys: readonly SigningKey[]) =>
  Object.fromEntries(keys.map(({ keyId, publicHex }) => [keyId, { ...tufKeyObject(publicHex) }]));
const idsOf = (...keys: readonly SigningKey[]) => keys.map(({ keyId }) => keyId);
const signed = (role: "root" | "targets" | "snapshot" | "timestamp", more: TufJson, ...keys: readonly SigningKey[]) =>
  signedBy(makeMetadata(role, 1, EXPIRES, more), keys);
const delegation = (name: string, threshold: number, ...keys: readonly SigningKey[]) => ({
  ...{ name, keyids: idsOf(...keys), threshold, terminating: false },
  paths: ["penetrant/maintenance-contracts/*/*", "penetrant/assignments/*/*"],
});
const meta = (text: string) => ({ version: 1, length: Buffer.byteLength(text), hashes: { sha256: sha256Hex(text) } });

/** How many signers a node counts for an assignment that the role `lister` lists, `penetrant` delegating to `borrowed`. */
function countedFor(lister: "borrowed-loosening" | "penetrant-loosening") {
  const files = { targets: { [ASSIGNMENT]: { length: 1, hashes: { sha256: sha256Hex("x") } } } };
  const empty = { targets: {} };
  const root = signed(
    "root",
    {
      keys: keysOf(...roots, author, approver, online),
      consistent_snapshot: true,
      roles: {
        root: { keyids: idsOf(...roots), threshold: 2 },
        targets: { keyids: idsOf(author, approver), threshold: 2 },
        snapshot: { keyids: idsOf(online), threshold: 1 },
        timestamp: { keyids: idsOf(online), threshold: 1 },
      },
    },
    ...roots,
  );
  const domain = [delegation("penetrant", 1, author, approver), delegation("penetrant-loosening", 2, author, approver)];
  const stolen = {
    keys: keysOf(author, madeByThief),
    roles: [delegation("borrowed-loosening", 2, author, madeByThief)],
  };
  const roles = {
    targets: signed(
      "targets",
      { ...empty, delegations: { keys: keysOf(author, approver), roles: domain } },
      author,
      approver,
    ),
    penetrant: signed("targets", { ...empty, delegations: stolen }, author),
    "penetrant-loosening": signed("targets", lister === "penetrant-loosening" ? files : empty, author, approver),
    "borrowed-loosening": signed("targets", lister === "borrowed-loosening" ? files : empty, author, madeByThief),
  };
  const listed = Object.fromEntries(Object.entries(roles).map(([role, text]) => [`${role}.json`, meta(text)]));
  const snapshot = signed("snapshot", { meta: listed }, online);
  const timestamp = signed("timestamp", { meta: { "snapshot.json": meta(snapshot) } }, online);
  const digest = (text: string) => digestOf(Buffer.from(text));
  const blobs = new Map(
    [root, snapshot, timestamp, ...Object.values(roles)].map((text) => [digest(text), Buffer.from(text)]),
  );
  const { targets, ...delegated } = roles;
  const verified = verifyMetadata({
    ...{ enrolledRoot: Buffer.from(root), bytesOf: (one) => blobs.get(one), atMs: NOW_MS, mark: null },
    digests: {
      ...{ root: [digest(root)], targets: digest(targets), snapshot: digest(snapshot), timestamp: digest(timestamp) },
      delegated: Object.fromEntries(Object.entries(delegated).map(([role, text]) => [role, digest(text)])),
    },
  });
  if (!verified.ok) throw new Error(verified.error.detail);
  const target = verified.value.target(ASSIGNMENT);
  if (!target.ok || target.value === undefined) throw new Error("the assignment is listed");
  return { role: target.value.role, signers: target.value.threshold, loosening: isLoosening(target.value) };
}

test("AB-11: one signer who delegates to a key of his own making is still one", () => {
  expect(countedFor("borrowed-loosening")).toEqual({ role: "borrowed-loosening", signers: 1, loosening: false });
});

test("control: the role that the top delegates to two people counts as two", () => {
  expect(countedFor("penetrant-loosening")).toEqual({ role: "penetrant-loosening", signers: 2, loosening: true });
});
