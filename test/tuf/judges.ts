import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Updater } from "tuf-js";
import { parseFrame } from "../../src/agent/frames.ts";
import type { Rejection } from "../../src/agent/rejection.ts";
import { digestOf, type MetadataMark, verifyMetadata, verifyTarget } from "../../src/agent/verification.ts";
import type { Digest } from "../../src/model/ids.ts";
import type { Desired } from "../../src/model/message.ts";
import { artifactName } from "./tuf-repository.ts";

/** What a server has at one moment, what a client looks up, and the time it does. */
export interface Step {
  readonly served: ReadonlyMap<string, Buffer>;
  readonly paths: readonly string[];
  readonly atMs: number;
}

/** `refused` carries why, in the judge's own words; `found` whether each path was there. */
export type Verdict =
  | { readonly kind: "accepted"; readonly found: readonly boolean[] }
  | { readonly kind: "refused"; readonly why: string; readonly detail: string };

const VOID: Digest = `sha256:${"0".repeat(64)}`;
const signedOf = (bytes: Buffer | undefined): { readonly [field: string]: unknown } => {
  try {
    return (JSON.parse((bytes ?? Buffer.from("{}")).toString()) as { signed: Record<string, unknown> }).signed ?? {};
  } catch {
    return {};
  }
};

/** What a hub says that serves this folder: the chain of roots, the timestamp, and what each document names next. */
export function metadataOf(served: Step["served"]): { metadata: Desired["metadata"]; blobs: Map<Digest, Buffer> } {
  const blobs = new Map<Digest, Buffer>();
  const digestAt = (name: string): Digest => {
    const bytes = served.get(`metadata/${name}`);
    if (bytes === undefined) return VOID;
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return digest;
  };
  const root: Digest[] = [];
  for (let version = 1; served.has(`metadata/${version}.root.json`); version++)
    root.push(digestAt(`${version}.root.json`));
  const timestamp = digestAt("timestamp.json");
  const named = metaIn(served.get("metadata/timestamp.json"))["snapshot.json"];
  const snapshotName = `${named?.version}.snapshot.json`;
  const snapshot = digestAt(snapshotName);
  const listed = metaIn(served.get(`metadata/${snapshotName}`));
  const targets = digestAt(`${listed["targets.json"]?.version}.targets.json`);
  const delegated: [string, Digest][] = [];
  for (const [file, meta] of Object.entries(listed)) {
    const role = file.replace(/\.json$/, "");
    const digest = digestAt(`${meta?.version}.${encodeURIComponent(role)}.json`);
    if (role !== "targets" && digest !== VOID) delegated.push([role, digest]);
  }
  return { metadata: { root, timestamp, snapshot, targets, delegated: Object.fromEntries(delegated) }, blobs };
}

function metaIn(bytes: Buffer | undefined): { readonly [file: string]: { readonly version?: unknown } | undefined } {
  const { meta } = signedOf(bytes);
  return typeof meta === "object" && meta !== null ? (meta as Record<string, { version?: unknown }>) : {};
}

/** Through the text of a frame, as a node receives it. */
export function throughFrame(metadata: Desired["metadata"]): Desired["metadata"] {
  const documents = { register: null, people: null, orders: null, zone: null };
  const desired: Desired = { node: "Pen-1", generation: 1, contracts: {}, documents, metadata };
  const body = { desired, keyId: "k", signature: "s" };
  const parsed = parseFrame(JSON.stringify({ v: 1, t: "desired", id: "1", seq: 1, body }));
  if (!parsed.ok || parsed.value.t !== "desired") throw new Error("the frame is no desired set");
  return parsed.value.body.desired.metadata;
}

/** What may be done wrong on our side, for controls: everything goes through these. */
export interface Verifier {
  readonly metadata: typeof verifyMetadata;
  readonly target: typeof verifyTarget;
  /** Around all of one step; synchronous, so that nothing else sees what it changes. */
  readonly around: <T>(work: () => T) => T;
}

export const ours: Verifier = { metadata: verifyMetadata, target: verifyTarget, around: (work) => work() };

/** A node's verification, with what it kept of the last accepted step. */
export class NodeJudge {
  readonly #root: Buffer;
  readonly #verifier: Verifier;
  #mark: MetadataMark | null = null;
  #kept = new Map<Digest, Buffer>();

  constructor(root: Buffer, verifier: Verifier = ours) {
    this.#root = root;
    this.#verifier = verifier;
  }

  get mark(): MetadataMark | null {
    return this.#mark;
  }

  judge(step: Step): Verdict {
    return this.#verifier.around(() => this.#judge(step));
  }

  #judge({ served, paths, atMs }: Step): Verdict {
    const { metadata: named, blobs } = metadataOf(served);
    const bytesOf = (digest: Digest) => blobs.get(digest) ?? this.#kept.get(digest);
    const digests = throughFrame(named);
    const mark = this.#mark;
    const verified = this.#verifier.metadata({ enrolledRoot: this.#root, digests, bytesOf, atMs, mark });
    if (!verified.ok) return refused(verified.error);
    const found: boolean[] = [];
    for (const path of paths) {
      const proven = verified.value.target(path);
      if (!proven.ok) return refused(proven.error);
      found.push(proven.value !== undefined);
      if (proven.value === undefined) continue;
      const bytes = served.get(`targets/${artifactName(path, Object.values(proven.value.hashes)[0] ?? "")}`);
      if (bytes === undefined) return { kind: "refused", why: "digest-mismatch", detail: `${path} is not there` };
      const held = this.#verifier.target(verified.value, path, bytes);
      if (!held.ok) return refused(held.error);
    }
    this.#mark = verified.value.mark();
    this.#kept = blobs;
    return { kind: "accepted", found };
  }
}

const refused = ({ reason, detail }: Rejection): Verdict => ({ kind: "refused", why: reason, detail });

/** Any number of folders that tests put behind one loopback address. */
export interface StaticServer {
  readonly url: string;
  readonly folders: Map<string, (path: string) => Uint8Array | undefined>;
  readonly close: () => Promise<void>;
}

export async function openStaticServer(): Promise<StaticServer> {
  const folders: StaticServer["folders"] = new Map();
  const server: Server = createServer((request, response) => {
    const [, folder = "", ...rest] = (request.url ?? "").split("/");
    const bytes = folders.get(folder)?.(rest.join("/"));
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, folders, close };
}

/**
 * An unmodified tuf-js Updater with a folder of its own, against a real server. A step that it refuses leaves its folder as it
 * was, as a node's does: what a refused set said is no mark.
 */
export class UpdaterJudge {
  readonly #server: StaticServer;
  readonly #name: string;
  readonly #folder: string;
  /** The sub-folder that holds what was accepted, and how many there were. */
  #current = "0";
  #tried = 0;

  constructor(server: StaticServer, name: string, root: Uint8Array) {
    this.#server = server;
    this.#name = name;
    this.#folder = mkdtempSync(join(tmpdir(), "tuf-"));
    mkdirSync(join(this.#folder, this.#current));
    writeFileSync(join(this.#folder, this.#current, "root.json"), root);
  }

  async judge({ served, paths, atMs }: Step): Promise<Verdict> {
    // A served name is as in an URL, where a role's name is escaped twice: once for the file, once on the way.
    this.#server.folders.set(this.#name, (path) => served.get(path) ?? served.get(decodeURIComponent(path)));
    this.#tried += 1;
    const trial = String(this.#tried);
    cpSync(join(this.#folder, this.#current), join(this.#folder, trial), { recursive: true });
    const verdict = await this.#run(join(this.#folder, trial), paths, atMs);
    if (verdict.kind === "accepted") this.#current = trial;
    return verdict;
  }

  /** Answers how to have back what is accepted now. */
  save(): () => void {
    const saved = this.#current;
    return () => {
      this.#current = saved;
    };
  }

  close(): void {
    this.#server.folders.delete(this.#name);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(metadataDir: string, paths: readonly string[], atMs: number): Promise<Verdict> {
    const base = `${this.#server.url}/${this.#name}`;
    try {
      const updater = new Updater({
        ...{ metadataDir, metadataBaseUrl: `${base}/metadata`, targetBaseUrl: `${base}/targets` },
        ...{ targetDir: this.#folder, config: { fetchRetry: 0 } },
      });
      // It has no argument for the time either.
      Reflect.set(Reflect.get(updater, "trustedSet") as object, "referenceTime", new Date(atMs));
      await updater.refresh();
      const found: boolean[] = [];
      for (const path of paths) {
        const info = await updater.getTargetInfo(path);
        found.push(info !== undefined);
        if (info !== undefined) await updater.downloadTarget(info, join(this.#folder, "target"));
      }
      return { kind: "accepted", found };
    } catch (error) {
      const name = error instanceof Error ? error.constructor.name : "";
      return { kind: "refused", why: name, detail: error instanceof Error ? error.message : String(error) };
    }
  }
}
