import { expect, test } from "vitest";
import type { AcceptedSet } from "../../src/agent/node-state.ts";
import { type BundleCheck, verifySet } from "../../src/agent/release-set.ts";
import { digestOf } from "../../src/agent/verification.ts";
import { makeSigningKey } from "../../src/disk/key-file.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import type { Digest } from "../../src/model/ids.ts";
import type { Desired, SignedDesired } from "../../src/model/message.ts";
import { compileRules } from "../../src/runtime/evaluator.ts";
import { desiredOf, emptyDocuments, forged, makeRepository, metaOf, NOW_MS, type Repository } from "./repository.ts";

/** The guard is tested with the runtime; here it is enough that the bytes are those of the contract. */
const check: BundleCheck = {
  load: (bytes) => {
    const bundle = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
    return {
      ok: true,
      value: {
        ...{ bundle, digest: digestOf(bytes), clauses: [], byCondition: new Map(), kindOf: new Map() },
        rules: compileRules([]),
      },
    };
  },
  selfTest: async () => [],
};

const bundle = (contract: string, text = "one"): string => JSON.stringify({ contract, text });
const DAY_MS = 86_400_000;

interface Attempt {
  readonly signed: SignedDesired;
  readonly root: string;
  readonly bytesOf: (digest: Digest) => Uint8Array | undefined;
  readonly atMs?: number;
  readonly active?: AcceptedSet | null;
}

function verify({ signed, root, bytesOf, atMs = NOW_MS, active = null }: Attempt): string {
  const enrolledRoot = Buffer.from(root);
  const result = verifySet({ node: "Pen-1", signed, enrolledRoot, bytesOf, atMs, active, check });
  return result.ok ? "accepted" : result.error.reason;
}

const attemptOf = (repository: Repository, signed: SignedDesired): Attempt => ({
  signed,
  root: repository.root,
  bytesOf: (digest) => repository.blobs.get(digest),
});

/** One contract released, published and asked for. */
function plain(): { repository: Repository; desired: Desired; attempt: Attempt } {
  const repository = makeRepository();
  const contracts = { "UV-DAILY": repository.release("UV-DAILY", "v1.0", bundle("UV-DAILY")) };
  const desired = desiredOf(repository.publish(), contracts);
  return { repository, desired, attempt: attemptOf(repository, repository.sign(desired)) };
}

/** The set as it stands once it was accepted. */
function accepted({ signed, root, bytesOf }: Attempt): AcceptedSet {
  const result = verifySet({
    node: "Pen-1",
    signed,
    enrolledRoot: Buffer.from(root),
    bytesOf,
    atMs: NOW_MS,
    active: null,
    check,
  });
  if (!result.ok) throw new Error(result.error.detail);
  return { signed, acceptedAtMs: NOW_MS, timeSource: "wall", mark: result.value.mark };
}

const rows: readonly { readonly what: string; readonly is: string; readonly make: () => Attempt }[] = [
  { what: "a proper set", is: "accepted", make: () => plain().attempt },
  {
    what: "the same set years later, at its acceptance time",
    is: "accepted",
    make: () => ({ ...plain().attempt, atMs: NOW_MS }),
  },
  { what: "an expired timestamp", is: "expired", make: () => ({ ...plain().attempt, atMs: NOW_MS + 2 * DAY_MS }) },
  {
    what: "a set for another node",
    is: "wrong-audience",
    make: () => {
      const { repository, desired } = plain();
      return attemptOf(repository, repository.sign({ ...desired, node: "Pen-2" }));
    },
  },
  {
    what: "a register of another node",
    is: "wrong-audience",
    make: () => {
      const { repository, desired } = plain();
      const station = { id: "LP-1", type: "penetrant", attributes: [], orderRequired: false };
      const register = {
        format: "maint-station/1",
        node: "Pen-2",
        station,
        plantZone: "UTC",
        shifts: [],
        roles: {},
        assets: [],
      };
      const documents = { ...emptyDocuments, register: repository.put(JSON.stringify(register)) };
      return attemptOf(repository, repository.sign({ ...desired, documents }));
    },
  },
  {
    what: "a document of an unknown format",
    is: "format-unsupported",
    make: () => {
      const { repository, desired } = plain();
      const documents = { ...emptyDocuments, people: repository.put('{"format":"maint-people/2"}') };
      return attemptOf(repository, repository.sign({ ...desired, documents }));
    },
  },
  {
    what: "no signature on the set",
    is: "signature-missing",
    make: () => {
      const { attempt } = plain();
      return { ...attempt, signed: { ...attempt.signed, signature: "" } };
    },
  },
  {
    what: "a set that was changed after it was signed",
    is: "signature-invalid",
    make: () => {
      const { attempt, desired } = plain();
      return { ...attempt, signed: { ...attempt.signed, desired: { ...desired, generation: 9 } } };
    },
  },
  {
    what: "a set signed by a stranger",
    is: "signature-invalid",
    make: () => {
      const { repository, desired } = plain();
      return attemptOf(repository, repository.sign(desired, makeSigningKey()));
    },
  },
  {
    what: "a set signed by the author, who is not the hub",
    is: "signature-invalid",
    make: () => {
      const { repository, desired } = plain();
      return attemptOf(repository, repository.sign(desired, repository.keys.author));
    },
  },
  ...(["timestamp", "snapshot", "targets"] as const).flatMap((role) => [
    {
      what: `${role} with its signatures stripped`,
      is: "signature-missing",
      make: () => rewritten(role, (json) => ({ ...json, signatures: [] })),
    },
    {
      what: `${role} without a list of signatures`,
      is: "signature-missing",
      make: () => rewritten(role, ({ signed }) => ({ signed })),
    },
    {
      what: `${role} that was changed after it was signed`,
      is: role === "timestamp" ? "signature-invalid" : "metadata-mismatch",
      make: () => rewritten(role, (json) => ({ ...json, signed: { ...json.signed, expires: "2036-01-01T00:00:00Z" } })),
    },
    { what: `${role} that is no JSON`, is: "format-unsupported", make: () => rewritten(role, () => "{") },
  ]),
  { what: "targets made by the hub's key alone", is: "signature-invalid", make: hubMakesTargets },
  { what: "a snapshot of another moment", is: "metadata-mismatch", make: mixedSnapshot },
  { what: "targets of another moment", is: "metadata-mismatch", make: mixedTargets },
  {
    what: "a bundle that the author never signed",
    is: "digest-mismatch",
    make: () => {
      const { repository, desired } = plain();
      const digest = repository.put(bundle("UV-DAILY", "weaker"));
      const contracts = { "UV-DAILY": { ...(desired.contracts["UV-DAILY"] as Desired["contracts"][string]), digest } };
      return attemptOf(repository, repository.sign({ ...desired, contracts }));
    },
  },
  {
    what: "one contract's bundle under another's name",
    is: "metadata-mismatch",
    make: () => {
      const { repository, desired } = plain();
      const contracts = { OTHER: desired.contracts["UV-DAILY"] as Desired["contracts"][string] };
      return attemptOf(repository, repository.sign({ ...desired, contracts }));
    },
  },
  {
    what: "a bundle whose inside is another contract",
    is: "bundle-invalid",
    make: () => {
      const repository = makeRepository();
      const contracts = { "UV-DAILY": repository.release("UV-DAILY", "v1.0", bundle("OTHER")) };
      return attemptOf(repository, repository.sign(desiredOf(repository.publish(), contracts)));
    },
  },
  {
    what: "a version that is not the path's",
    is: "metadata-mismatch",
    make: () => {
      const { repository, desired } = plain();
      const contracts = {
        "UV-DAILY": { ...(desired.contracts["UV-DAILY"] as Desired["contracts"][string]), version: "v2.0" },
      };
      return attemptOf(repository, repository.sign({ ...desired, contracts }));
    },
  },
  {
    what: "bytes that are missing",
    is: "metadata-mismatch",
    make: () => ({ ...plain().attempt, bytesOf: () => undefined }),
  },
  {
    what: "another root than the enrolled one",
    is: "content-mismatch",
    make: () => ({ ...plain().attempt, root: makeRepository().root }),
  },
];

/** One document of the set replaced, its digest put in place, and the set signed again: what a hostile hub can do. */
function rewritten(role: "timestamp" | "snapshot" | "targets", change: (json: Json) => unknown): Attempt {
  const { repository, desired } = plain();
  const json = JSON.parse(Buffer.from(repository.blobs.get(desired.metadata[role]) as Uint8Array).toString()) as Json;
  const changed = change(json);
  const digest = repository.put(typeof changed === "string" ? changed : JSON.stringify(changed));
  const metadata = relinked(repository, { ...desired.metadata, [role]: digest }, role);
  return attemptOf(repository, repository.sign({ ...desired, metadata }));
}

interface Json {
  readonly signed: { readonly [key: string]: unknown };
  readonly signatures: unknown;
}

/** The stripped documents are chained properly, so that nothing but the missing signature is wrong with them. */
function relinked(repository: Repository, metadata: Desired["metadata"], role: string): Desired["metadata"] {
  const text = (digest: Digest) => Buffer.from(repository.blobs.get(digest) as Uint8Array).toString();
  const stripped = (digest: Digest) => !/"sig"/.test(text(digest));
  if (role === "timestamp" || !stripped(metadata[role as "snapshot" | "targets"])) return metadata;
  const { online } = repository.keys;
  const targets = metaOf(repository.targets.length, text(metadata.targets));
  const snapshot =
    role === "snapshot"
      ? text(metadata.snapshot)
      : forged("snapshot", 1, { meta: { "targets.json": targets } }, online);
  const timestamp = forged("timestamp", 1, { meta: { "snapshot.json": metaOf(1, snapshot) } }, online);
  return { ...metadata, snapshot: repository.put(snapshot), timestamp: repository.put(timestamp) };
}

function hubMakesTargets(): Attempt {
  const { repository, desired } = plain();
  const { online } = repository.keys;
  const weaker = bundle("UV-DAILY", "weaker");
  const wanted = desired.contracts["UV-DAILY"] as Desired["contracts"][string];
  const file = { length: weaker.length, hashes: { sha256: digestOf(Buffer.from(weaker)).slice(7) } };
  const targets = forged("targets", 3, { targets: { [wanted.target]: file } }, online);
  const snapshot = forged("snapshot", 2, { meta: { "targets.json": metaOf(3, targets) } }, online);
  const timestamp = forged("timestamp", 2, { meta: { "snapshot.json": metaOf(2, snapshot) } }, online);
  const metadata = {
    ...desired.metadata,
    targets: repository.put(targets),
    snapshot: repository.put(snapshot),
    timestamp: repository.put(timestamp),
  };
  const contracts = { "UV-DAILY": { ...wanted, digest: repository.put(weaker) } };
  return attemptOf(repository, repository.sign({ ...desired, metadata, contracts }));
}

function mixedSnapshot(): Attempt {
  const { repository, desired } = plain();
  const later = repository.publish();
  return attemptOf(
    repository,
    repository.sign({ ...desired, metadata: { ...desired.metadata, snapshot: later.snapshot } }),
  );
}

function mixedTargets(): Attempt {
  const { repository, desired } = plain();
  repository.release("OTHER", "v1.0", bundle("OTHER"));
  const later = repository.publish();
  return attemptOf(
    repository,
    repository.sign({ ...desired, metadata: { ...desired.metadata, targets: later.targets } }),
  );
}

test.each(rows)("$what: $is", ({ is, make }) => expect(verify(make())).toBe(is));

/** What may follow an accepted set. */
const followers: readonly {
  readonly what: string;
  readonly is: string;
  readonly make: (r: Repository, before: Desired) => Desired;
}[] = [
  { what: "the same again", is: "accepted", make: (_, before) => before },
  {
    what: "an older generation",
    is: "version-regression",
    make: (_, before) => ({ ...before, generation: before.generation - 1 }),
  },
  {
    what: "the same generation with other content",
    is: "content-mismatch",
    make: (r, before) => ({ ...before, metadata: r.publish() }),
  },
  { what: "a newer set", is: "accepted", make: (r, before) => ({ ...before, generation: 6, metadata: r.publish() }) },
  {
    what: "metadata from before",
    is: "version-regression",
    make: (r, before) => {
      const { online } = r.keys;
      const targets = r.targets.at(-1) as string;
      const snapshot = forged("snapshot", 1, { meta: { "targets.json": metaOf(r.targets.length, targets) } }, online);
      const timestamp = forged("timestamp", 1, { meta: { "snapshot.json": metaOf(1, snapshot) } }, online);
      return {
        ...before,
        generation: 6,
        metadata: { ...before.metadata, snapshot: r.put(snapshot), timestamp: r.put(timestamp) },
      };
    },
  },
  {
    what: "a higher version",
    is: "accepted",
    make: (r, before) => {
      const contracts = { "UV-DAILY": r.release("UV-DAILY", "v1.2", bundle("UV-DAILY", "three")) };
      return { ...before, generation: 6, contracts, metadata: r.publish() };
    },
  },
  {
    what: "a lower version",
    is: "unassigned",
    make: (r, before) => {
      const contracts = { "UV-DAILY": r.release("UV-DAILY", "v1.0", bundle("UV-DAILY", "zero")) };
      return { ...before, generation: 6, contracts, metadata: r.publish() };
    },
  },
  {
    what: "nothing at all",
    is: "unassigned",
    make: (r, before) => ({ ...before, generation: 6, contracts: {}, metadata: r.publish() }),
  },
  {
    what: "the shadow",
    is: "unassigned",
    make: (r, before) => {
      const contracts = {
        "UV-DAILY": { ...(before.contracts["UV-DAILY"] as Desired["contracts"][string]), mode: "shadow" as const },
      };
      return { ...before, generation: 6, contracts, metadata: r.publish() };
    },
  },
];

test.each(followers)("after an accepted set, $what: $is", ({ is, make }) => {
  const repository = makeRepository();
  const contracts = { "UV-DAILY": repository.release("UV-DAILY", "v1.1", bundle("UV-DAILY")) };
  repository.publish();
  const before = desiredOf(repository.publish(), contracts, 5);
  const active = accepted(attemptOf(repository, repository.sign(before)));
  const next = make(repository, before);
  expect(verify({ ...attemptOf(repository, repository.sign(next)), active })).toBe(is);
});

/** Every byte of every blob flipped, under its old name: what a bad disk, or a hand on it, does. */
function sweep(run: typeof verify): { readonly flips: number; readonly passed: number } {
  const { repository, attempt } = plain();
  let flips = 0;
  let passed = 0;
  for (const [digest, bytes] of repository.blobs) {
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      flips += 1;
      const bytesOf = (asked: Digest) => (asked === digest ? flipped : repository.blobs.get(asked));
      if (run({ ...attempt, bytesOf }) === "accepted") passed += 1;
    }
  }
  return { flips, passed };
}

test("every flipped byte of bundle and metadata is refused", () => {
  const { flips, passed } = sweep(verify);
  expect(flips).toBeGreaterThan(1_000);
  expect(passed).toBe(0);
});

test("every flipped byte that a hostile hub names anew is refused, or changes nothing that is signed", () => {
  const { repository, desired } = plain();
  const outcomes = new Map<string, number>();
  for (const role of ["timestamp", "snapshot", "targets"] as const) {
    const bytes = repository.blobs.get(desired.metadata[role]) as Uint8Array;
    for (let at = 0; at < bytes.length; at += 3) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 7));
      const metadata = { ...desired.metadata, [role]: repository.put(flipped) };
      const outcome = verify(attemptOf(repository, repository.sign({ ...desired, metadata })));
      const key = role === "timestamp" ? `timestamp ${outcome}` : outcome;
      outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
      // Snapshot and targets are pinned by hash from above; a flip in the timestamp's hex case alone is the same signature.
      if (outcome === "accepted") {
        expect(role).toBe("timestamp");
        const signed = (text: Uint8Array) => (JSON.parse(Buffer.from(text).toString()) as Json).signed;
        expect(signed(flipped)).toEqual(signed(bytes));
      }
    }
  }
  expect(outcomes.get("metadata-mismatch")).toBeGreaterThan(100);
  expect(outcomes.get("timestamp signature-invalid")).toBeGreaterThan(50);
});

test("control: a verification that skips digests and signatures is caught by the same sweep", () => {
  const trusting: typeof verify = ({ signed, bytesOf }) => {
    for (const digest of [signed.desired.metadata.timestamp, signed.desired.metadata.targets]) {
      try {
        JSON.parse(Buffer.from(bytesOf(digest) ?? []).toString());
      } catch {
        return "format-unsupported";
      }
    }
    return "accepted";
  };
  expect(sweep(trusting).passed).toBeGreaterThan(0);
});

test("control: a store whose signature check is switched off lets a stranger's targets in", async () => {
  const { Metadata } = await import("@tufjs/models");
  const real = Metadata.prototype.verifyDelegate;
  expect(verify(hubMakesTargets())).toBe("signature-invalid");
  try {
    Metadata.prototype.verifyDelegate = () => undefined;
    expect(verify(hubMakesTargets())).toBe("accepted");
  } finally {
    Metadata.prototype.verifyDelegate = real;
  }
});
