import type { AcceptedSet } from "../../src/agent/node-state.ts";
import type { Rejection } from "../../src/agent/rejection.ts";
import { type BundleCheck, type ReleaseSet, verifySet } from "../../src/agent/release-set.ts";
import { digestOf } from "../../src/agent/verification.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import type { Digest } from "../../src/model/ids.ts";
import type { Desired, DesiredAssignment, DesiredContract, SignedDesired } from "../../src/model/message.ts";
import { compileRules } from "../../src/runtime/evaluator.ts";
import { metadataOf } from "./judges.ts";
import { type Signer, TufRepository } from "./tuf-repository.ts";

/** The guard is tested with the runtime; here it is enough that the bytes are those of the contract. */
export const check: BundleCheck = {
  load: (bytes) => {
    const bundle = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
    const empty = { clauses: [], byCondition: new Map(), kindOf: new Map(), rules: compileRules([]) };
    return { ok: true, value: { bundle, digest: digestOf(bytes), ...empty } };
  },
  selfTest: async () => [],
};

export const NODE = "Pen-1";
export const NOW_MS = Date.parse("2026-11-24T12:00:00Z");
export const DAY_MS = 86_400_000;
export type Direction = "first" | "same" | "tightens" | "loosens" | "both";

export interface AssignmentWords {
  readonly minimum?: string | null;
  readonly revertTo?: readonly Digest[];
  readonly drop?: boolean;
  readonly shadow?: boolean;
  readonly nodes?: readonly string[] | null;
}

/**
 * PolicyCentral as designed, in small: a root of three keys of which two sign, targets that only delegate, and for each domain
 * a role that one person signs and one, for what loosens, that two sign. And the hub that serves it, and one node.
 */
export class Plant {
  readonly repo = new TufRepository("plant", NOW_MS);
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly enrolledRoot: Buffer;
  nowMs = NOW_MS;
  generation = 1;
  active: AcceptedSet | null = null;
  #assigned = new Map<string, number>();

  constructor(domains: readonly string[] = ["uv"]) {
    const { repo } = this;
    repo.hashes = true;
    repo.rotate("root", "root", 3, 2);
    repo.rotate("targets", "root", 2, 2);
    const roles = domains.flatMap((domain) => {
      const paths = [`${domain}/maintenance-contracts/*/*`, `${domain}/assignments/*/*`];
      repo.addDelegation("targets", { name: domain, paths });
      repo.addDelegation("targets", { name: `${domain}-loosening`, paths, threshold: 2 });
      repo.addKey(`${domain}-loosening`, "targets");
      return [domain, `${domain}-loosening`];
    });
    repo.publish("root", "targets", "snapshot", "timestamp", ...roles);
    repo.signers.set("root", (repo.signers.get("root") ?? []).slice(1));
    this.enrolledRoot = repo.served.get("metadata/2.root.json") as Buffer;
  }

  put(content: string | Uint8Array): Digest {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return digest;
  }

  release(version: string, direction: Direction | null, more: Partial<ReleaseWords> = {}): DesiredContract {
    const { contract = "UV-A", role = "uv", domain = "uv", text = version } = more;
    const bundle = JSON.stringify({ contract, text });
    const target = `${domain}/maintenance-contracts/${version}/${contract}.bundle.json`;
    const custom = direction === null ? undefined : { direction, comparedWith: null, offline: "accept" };
    this.repo.addTarget(role, target, bundle, custom);
    this.repo.publish(role, "snapshot", "timestamp");
    const digest = this.put(bundle);
    return { version, digest, size: bundle.length, target, mode: "enforce", from: null };
  }

  assign(words: AssignmentWords, role = "uv-loosening", contract = "UV-A", domain = "uv"): DesiredAssignment {
    const number = (this.#assigned.get(contract) ?? 0) + 1;
    this.#assigned.set(contract, number);
    const allowed = { minimum: null, revertTo: [], drop: false, shadow: false, nodes: null, ...words };
    const document = { format: "maint-assignment/1", contract, number, ...allowed, reason: "why", by: "A-1" };
    const bytes = canonicalJson(document);
    const target = `${domain}/assignments/${contract}/${number}.json`;
    this.repo.addTarget(role, target, bytes);
    this.repo.publish(role, "snapshot", "timestamp");
    return { digest: this.put(bytes), size: bytes.length, target };
  }

  /** What the hub would send now. */
  desired(contracts: Desired["contracts"], assignments: NonNullable<Desired["assignments"]> = {}): Desired {
    const { metadata, blobs } = metadataOf(this.repo.served);
    for (const [digest, bytes] of blobs) this.blobs.set(digest, bytes);
    const documents = { register: null, people: null, orders: null, zone: null };
    return { node: NODE, generation: this.generation, contracts, documents, metadata, assignments };
  }

  sign(desired: Desired, signer: Signer | undefined = this.repo.signers.get("timestamp")?.[0]): SignedDesired {
    if (signer === undefined) throw new Error("nobody signs");
    return { desired, keyId: signer.keyId, signature: signer.sign(Buffer.from(canonicalJson(desired))) };
  }

  verify(signed: SignedDesired, atMs = this.nowMs, active = this.active): ReleaseSet | Rejection {
    const bytesOf = (digest: Digest) => this.blobs.get(digest);
    const verified = verifySet({ node: NODE, signed, enrolledRoot: this.enrolledRoot, bytesOf, atMs, active, check });
    return verified.ok ? verified.value : verified.error;
  }

  /** The next generation, verified and, where nothing is wrong with it, in force. Answers `accepted` or why not. */
  offer(contracts: Desired["contracts"], assignments?: NonNullable<Desired["assignments"]>): string {
    this.generation += 1;
    return this.take(this.sign(this.desired(contracts, assignments)));
  }

  take(signed: SignedDesired): string {
    const verified = this.verify(signed);
    if ("reason" in verified) return verified.reason;
    this.active = { signed, acceptedAtMs: this.nowMs, timeSource: "attested", mark: verified.mark };
    return "accepted";
  }
}

interface ReleaseWords {
  readonly contract: string;
  readonly role: string;
  readonly domain: string;
  readonly text: string;
}
