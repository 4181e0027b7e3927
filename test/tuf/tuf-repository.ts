import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { canonicalize } from "@tufjs/canonical-json";
import { Metadata, MetadataKind, Signature } from "@tufjs/models";

/**
 * A TUF repository for tests, written over `@tufjs/models` and sharing nothing with the hub's own writer. Its documents are
 * plain values, so that a test may spoil any of them; `publish` counts, links, signs and serves them as file names.
 */
export interface Signer {
  readonly keyId: string;
  readonly key: KeyJson;
  readonly sign: (bytes: Buffer) => string;
}

export interface KeyJson {
  readonly keytype: string;
  readonly scheme: string;
  readonly keyval: { readonly public: string };
  readonly [more: string]: unknown;
}

export interface RoleJson {
  keyids: string[];
  threshold: number;
}

export interface DelegationJson extends RoleJson {
  name: string;
  terminating: boolean;
  paths: string[];
}

interface SignedJson {
  _type: string;
  spec_version: string;
  version: number;
  expires: string;
  [more: string]: unknown;
}

export interface RootJson extends SignedJson {
  keys: Record<string, KeyJson>;
  roles: Record<string, RoleJson>;
  consistent_snapshot: boolean;
}

export interface MetaJson {
  version: number;
  length?: number;
  hashes?: Record<string, string>;
}

export interface MetaFileJson extends SignedJson {
  meta: Record<string, MetaJson>;
}

export interface TargetJson {
  length: number;
  hashes: Record<string, string>;
  custom?: Record<string, unknown>;
}

export interface TargetsJson extends SignedJson {
  targets: Record<string, TargetJson>;
  delegations?: { keys: Record<string, KeyJson>; roles: DelegationJson[] };
}

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

export const keyIdOf = (key: KeyJson): string => createHash("sha256").update(canonicalize(key)).digest("hex");

/** The same name, the same key. */
export function signerOf(name: string): Signer {
  const seed = createHash("sha256").update(name).digest();
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const hex = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
  const key: KeyJson = { keytype: "ed25519", scheme: "ed25519", keyval: { public: hex } };
  return signerWith(secret, key, null);
}

export const signerWith = (secret: KeyObject, key: KeyJson, hash: string | null): Signer => ({
  keyId: keyIdOf(key),
  key,
  sign: (bytes) => sign(hash, bytes, secret).toString("hex"),
});

/** The same key by another id: what one person does who wants to be two. */
export function alias(signer: Signer): Signer {
  const key = { ...signer.key, "x-alias": true };
  return { ...signer, key, keyId: keyIdOf(key) };
}

export const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
export const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** As `@tufjs/models` writes it: what an honest repository does. */
export function seal(signed: object, signers: readonly Signer[]): Buffer {
  const kind = Object.values(MetadataKind).find((one) => one === (signed as SignedJson)._type);
  if (kind === undefined) throw new Error("no kind of metadata");
  // The types of the package ask for JSON of its own; these values are JSON.
  const json = JSON.parse(JSON.stringify({ signed, signatures: [] })) as Parameters<typeof Metadata.fromJSON>[1];
  const metadata = Metadata.fromJSON(MetadataKind.Targets === kind ? kind : (kind as MetadataKind.Targets), json);
  for (const { keyId, sign: by } of signers) metadata.sign((bytes) => new Signature({ keyID: keyId, sig: by(bytes) }));
  return Buffer.from(JSON.stringify(metadata.toJSON()));
}

/** Signs whatever it is, also what the package refuses to write. */
export function sealAnything(signed: object, signers: readonly Signer[]): Buffer {
  const bytes = Buffer.from(canonicalize(signed));
  const signatures = signers.map(({ keyId, sign: by }) => ({ keyid: keyId, sig: by(bytes) }));
  return Buffer.from(JSON.stringify({ signatures, signed }));
}

export const TOP_ROLES = ["root", "timestamp", "snapshot", "targets"] as const;
export type TopRole = (typeof TOP_ROLES)[number];

const DAY_MS = 86_400_000;

/** Where the file of a target lies on a server with consistent snapshots. */
export function artifactName(path: string, hash: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}${hash}.${path.slice(slash)}`;
}

export class TufRepository {
  readonly name: string;
  nowMs: number;
  root: RootJson;
  snapshot: MetaFileJson;
  timestamp: MetaFileJson;
  /** `targets` and every delegated role. */
  targets = new Map<string, TargetsJson>();
  /** Who signs each role at its next publication. */
  signers = new Map<string, Signer[]>();
  /** What the server has, by file name: metadata at `metadata/…`, target files at `targets/…`. */
  served = new Map<string, Buffer>();
  /** Whether snapshot and timestamp give length and hash of what they list. */
  hashes = false;
  /** Whether it signs also what the package refuses to write. */
  raw = false;
  #made = 0;

  constructor(name: string, nowMs: number) {
    this.name = name;
    this.nowMs = nowMs;
    const common = { spec_version: "1.0.31", version: 0, expires: instant(nowMs + 30 * DAY_MS) };
    this.root = { _type: "root", ...common, keys: {}, roles: {}, consistent_snapshot: true };
    this.snapshot = { _type: "snapshot", ...common, meta: {} };
    this.timestamp = { _type: "timestamp", ...common, meta: {} };
    this.targets.set("targets", { _type: "targets", ...common, targets: {} });
    for (const role of TOP_ROLES) {
      this.root.roles[role] = { keyids: [], threshold: 1 };
      this.addKey(role);
    }
    this.publish("root", "targets", "snapshot", "timestamp");
  }

  newSigner(): Signer {
    this.#made += 1;
    return signerOf(`${this.name} ${this.#made}`);
  }

  documentOf(role: string): RootJson | MetaFileJson | TargetsJson {
    if (role === "root") return this.root;
    if (role === "snapshot") return this.snapshot;
    if (role === "timestamp") return this.timestamp;
    return this.targetsOf(role);
  }

  targetsOf(role: string): TargetsJson {
    const found = this.targets.get(role);
    if (found === undefined) throw new Error(`there is no role ${role}`);
    return found;
  }

  /** The keys and threshold of a role as `parent` says; `root` for the top-level ones. */
  roleOf(role: string, parent = "root"): RoleJson {
    const found =
      parent === "root"
        ? this.root.roles[role]
        : this.targetsOf(parent).delegations?.roles.find(({ name }) => name === role);
    if (found === undefined) throw new Error(`${parent} names no ${role}`);
    return found;
  }

  addKey(role: string, parent = "root", signer = this.newSigner()): Signer {
    const { keyids } = this.roleOf(role, parent);
    if (!keyids.includes(signer.keyId)) keyids.push(signer.keyId);
    const keys = parent === "root" ? this.root.keys : this.targetsOf(parent).delegations?.keys;
    if (keys !== undefined) keys[signer.keyId] = signer.key;
    this.signers.set(role, [...(this.signers.get(role) ?? []), signer]);
    return signer;
  }

  /** All keys of a role replaced by `count` new ones; the old root's keys sign the next root as well. */
  rotate(role: string, parent = "root", count = 1, threshold = count): void {
    const old = this.signers.get(role) ?? [];
    const named = this.roleOf(role, parent);
    named.keyids = [];
    named.threshold = threshold;
    this.signers.set(role, role === "root" ? old : []);
    for (let index = 0; index < count; index++) this.addKey(role, parent);
  }

  addDelegation(parent: string, delegation: Partial<DelegationJson> & { readonly name: string }): void {
    const from = this.targetsOf(parent);
    from.delegations ??= { keys: {}, roles: [] };
    const more = { keyids: [], threshold: 1, terminating: false, paths: ["*"] };
    from.delegations.roles.push({ ...more, ...delegation });
    const { name } = delegation;
    const expires = instant(this.nowMs + 30 * DAY_MS);
    if (!this.targets.has(name))
      this.targets.set(name, { _type: "targets", spec_version: "1.0.31", version: 0, expires, targets: {} });
    if (delegation.keyids === undefined) this.addKey(name, parent);
  }

  addTarget(role: string, path: string, content: string | Uint8Array, custom?: Record<string, unknown>): void {
    const hash = sha256(content);
    const file = { length: Buffer.byteLength(content), hashes: { sha256: hash } };
    this.targetsOf(role).targets[path] = custom === undefined ? file : { ...file, custom };
    this.served.set(`targets/${artifactName(path, hash)}`, Buffer.from(content));
  }

  /** Each one version up, linked, signed and served, lower roles first, whatever order they are named in. */
  publish(...roles: readonly string[]): void {
    const rank = (role: string) => ["root", "", "targets", "snapshot", "timestamp"].indexOf(role);
    const below = roles.filter((role) => rank(role) < 0);
    const above = roles.filter((role) => rank(role) >= 0).sort((a, b) => rank(a) - rank(b));
    for (const role of [...below, ...above]) {
      this.documentOf(role).version += 1;
      this.serve(role);
    }
  }

  /** Signs and serves the version as it stands. */
  serve(role: string): Buffer {
    const document = this.documentOf(role);
    const bytes = (this.raw ? sealAnything : seal)(document, this.signers.get(role) ?? []);
    this.put(role, document.version, bytes);
    return bytes;
  }

  /** Serves these bytes as that version, and lets what lists it say so. */
  put(role: string, version: number, bytes: Buffer): void {
    const name = role === "timestamp" ? "timestamp.json" : `${version}.${encodeURIComponent(role)}.json`;
    this.served.set(`metadata/${name}`, bytes);
    const meta: MetaJson = this.hashes
      ? { version, length: bytes.length, hashes: { sha256: sha256(bytes) } }
      : { version };
    if (role === "snapshot") this.timestamp.meta["snapshot.json"] = meta;
    else if (role !== "root" && role !== "timestamp") this.snapshot.meta[`${role}.json`] = meta;
  }

  /** The first root: what a client is given to start with. */
  initialRoot(): Buffer {
    const root = this.served.get("metadata/1.root.json");
    if (root === undefined) throw new Error("there is no first root");
    return root;
  }

  /** Keeps everything as it is now, and answers how to have it back, as often as one likes. */
  save(): () => void {
    const documents = () => {
      const { root, snapshot, timestamp, hashes, raw, nowMs, targets } = this;
      return { root, snapshot, timestamp, hashes, raw, nowMs, targets };
    };
    const kept = structuredClone(documents());
    const signers = new Map(this.signers);
    const served = new Map(this.served);
    return () => {
      Object.assign(this, structuredClone(kept));
      this.signers = new Map(signers);
      this.served = new Map(served);
    };
  }
}
