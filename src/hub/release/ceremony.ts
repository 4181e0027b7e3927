import { fail, ok, type Result } from "../../base/result.ts";
import { type PublicKey, type SigningKey, tufKeyObject } from "../../disk/key-file.ts";
import {
  expiryOf,
  type MetadataOf,
  makeMetadata,
  readMetadata,
  signatureFault,
  signedText,
  type TufJson,
  type TufRole,
} from "./metadata-text.ts";
import { delegatedRole } from "./sign-release.ts";

/**
 * A change of keys as a document: new metadata that its holders sign one after the other, each where his key lies, until all
 * have signed that must. Pure but for the key handles.
 */
export interface Ceremony {
  readonly format: "maint-ceremony/1";
  /** A sentence for those who are asked to sign. */
  readonly what: string;
  readonly changes: readonly CeremonyChange[];
  /** The hub's new online key, where it is exchanged; its file is named again when the ceremony is applied. */
  readonly onlineKeyId: string | null;
}

export interface CeremonyChange {
  /** `root`, `targets`, or a delegated role. */
  readonly role: string;
  readonly text: string;
}

/** What stands now: the base of every ceremony. */
export interface Standing {
  readonly root: MetadataOf<"root">;
  readonly targets: MetadataOf<"targets">;
  readonly delegated: ReadonlyMap<string, MetadataOf<"targets">>;
}

interface KeyedRole {
  keyids: string[];
  threshold: number;
  [more: string]: unknown;
}
type Keyed = { [keyId: string]: unknown };

/** A key is exchanged for another, or taken away with `next` null, in every role that names it. The error is a sentence. */
export function replaceKey(
  standing: Standing,
  oldId: string,
  next: PublicKey | null,
  nowMs: number,
): Result<Ceremony, string> {
  const { root, targets, delegated } = standing;
  const rootJson = root.signed.toJSON() as TufJson & { keys: Keyed; roles: { [role: string]: KeyedRole } };
  const top = Object.entries(rootJson.roles).filter(([, role]) => role.keyids.includes(oldId));
  const targetsJson = targets.signed.toJSON() as TufJson & { delegations?: { keys: Keyed; roles: KeyedRole[] } };
  const below = (targetsJson.delegations?.roles ?? []).filter((role) => role.keyids.includes(oldId));
  if (top.length + below.length === 0) return fail(`${oldId} is named for no role`);
  for (const role of [...top.map(([, one]) => one), ...below]) {
    const wrong = exchange(role, oldId, next);
    if (wrong !== undefined) return fail(wrong);
  }
  exchangeKey(rootJson.keys, oldId, next);
  if (targetsJson.delegations !== undefined) exchangeKey(targetsJson.delegations.keys, oldId, next);
  const signsTargets = top.some(([name]) => name === "targets");
  const changes: CeremonyChange[] = [
    ...(top.length > 0 ? [{ role: "root", text: successor("root", rootJson, nowMs) }] : []),
    ...(signsTargets || below.length > 0 ? [{ role: "targets", text: successor("targets", targetsJson, nowMs) }] : []),
    ...below.flatMap(({ name }) => {
      const document = delegated.get(String(name));
      return document === undefined
        ? []
        : [{ role: String(name), text: successor("targets", document.signed.toJSON() as TufJson, nowMs) }];
    }),
  ];
  const isOnline = top.some(([name]) => name === "timestamp");
  const what = next === null ? `key ${oldId} is taken away` : `key ${next.keyId} takes the place of ${oldId}`;
  return ok({ format: "maint-ceremony/1", what, changes, onlineKeyId: isOnline ? (next?.keyId ?? null) : null });
}

function exchange(role: KeyedRole, oldId: string, next: PublicKey | null): string | undefined {
  if (next !== null && role.keyids.includes(next.keyId)) return `${next.keyId} is named beside it already`;
  role.keyids = role.keyids.flatMap((id) => (id !== oldId ? [id] : next === null ? [] : [next.keyId]));
  return role.keyids.length >= role.threshold
    ? undefined
    : `without it ${role.keyids.length} keys are left where ${role.threshold} must sign: exchange it with maint keys rotate`;
}

function exchangeKey(keys: Keyed, oldId: string, next: PublicKey | null): void {
  if (!Object.hasOwn(keys, oldId)) return;
  delete keys[oldId];
  if (next !== null) keys[next.keyId] = { ...tufKeyObject(next.publicHex) };
}

/** A domain is delegated to `signers`: its first two roles, or the next two where the last are full. */
export function delegateDomain(
  { targets }: Standing,
  domain: string,
  part: number,
  signers: readonly PublicKey[],
  nowMs: number,
): Ceremony {
  const json = targets.signed.toJSON() as TufJson & { delegations?: { keys: Keyed; roles: unknown[] } };
  const before = json.delegations ?? { keys: {}, roles: [] };
  const roles = [false, true].map((loosening) => delegatedRole(domain, loosening, part, signers));
  const keys = Object.fromEntries(signers.map((key) => [key.keyId, { ...tufKeyObject(key.publicHex) }]));
  const delegations = { keys: { ...before.keys, ...keys }, roles: [...before.roles, ...roles] };
  const empty = JSON.stringify(makeMetadata("targets", 1, expiryOf("targets", nowMs), { targets: {} }).toJSON());
  return {
    format: "maint-ceremony/1",
    what: `${domain} is delegated, part ${part}`,
    changes: [
      { role: "targets", text: successor("targets", { ...json, delegations } as TufJson, nowMs) },
      ...roles.map(({ name }) => ({ role: name, text: empty })),
    ],
    onlineKeyId: null,
  };
}

/** Everything that expires before `untilMs`, good for another term. */
export function renewAll({ root, targets, delegated }: Standing, untilMs: number, nowMs: number): Ceremony {
  const isWorn = (metadata: MetadataOf<TufRole>): boolean => Date.parse(metadata.signed.expires) < untilMs;
  const all: readonly (readonly [string, "root" | "targets", MetadataOf<TufRole>])[] = [
    ["root", "root", root],
    ["targets", "targets", targets],
    ...[...delegated].map(([role, metadata]) => [role, "targets", metadata] as const),
  ];
  return {
    format: "maint-ceremony/1",
    what: "metadata that runs out is prolonged",
    changes: all
      .filter(([, , metadata]) => isWorn(metadata))
      .map(([role, kind, metadata]) => ({ role, text: successor(kind, metadata.signed.toJSON() as TufJson, nowMs) })),
    onlineKeyId: null,
  };
}

function successor(role: "root" | "targets", json: TufJson, nowMs: number): string {
  const { _type, spec_version, version, expires, ...rest } = json;
  const next = makeMetadata(role, Number(version) + 1, expiryOf(role, nowMs), rest as TufJson);
  return JSON.stringify(next.toJSON());
}

interface Opened {
  readonly root: MetadataOf<"root">;
  readonly targets: MetadataOf<"targets">;
  readonly changed: ReadonlyMap<string, MetadataOf<TufRole>>;
}

/** The new metadata, where it was changed, over what stands. */
function open(ceremony: Ceremony, standing: Standing): Result<Opened, string> {
  const changed = new Map<string, MetadataOf<TufRole>>();
  for (const { role, text } of ceremony.changes) {
    const read = readMetadata(role === "root" ? "root" : "targets", text);
    if (!read.ok) return fail(`the metadata of ${role} ${read.error}`);
    changed.set(role, read.value);
  }
  const root = (changed.get("root") ?? standing.root) as MetadataOf<"root">;
  const targets = (changed.get("targets") ?? standing.targets) as MetadataOf<"targets">;
  return ok({ root, targets, changed });
}

/** Signs with each key what it is named for and has not signed yet. Answers the document and how many signatures came to it. */
export function signCeremony(
  ceremony: Ceremony,
  standing: Standing,
  keys: readonly SigningKey[],
): Result<{ readonly ceremony: Ceremony; readonly added: number }, string> {
  const opened = open(ceremony, standing);
  if (!opened.ok) return opened;
  const { root, targets, changed } = opened.value;
  let added = 0;
  const changes = ceremony.changes.map(({ role, text }) => {
    const metadata = changed.get(role);
    if (metadata === undefined) return { role, text };
    let signed = text;
    for (const key of keys) {
      const named = signersOf(role, { root, targets }, standing).has(key.keyId);
      if (!named || metadata.signatures[key.keyId] !== undefined) continue;
      signed = signedText(metadata, key);
      added += 1;
    }
    return { role, text: signed };
  });
  return ok({ ceremony: { ...ceremony, changes }, added });
}

/** A new root is signed by those of the old one too. */
function signersOf(
  role: string,
  { root, targets }: Pick<Opened, "root" | "targets">,
  standing: Standing,
): ReadonlySet<string> {
  if (role === "root")
    return new Set([
      ...(standing.root.signed.roles["root"]?.keyIDs ?? []),
      ...(root.signed.roles["root"]?.keyIDs ?? []),
    ]);
  if (role === "targets") return new Set(root.signed.roles["targets"]?.keyIDs ?? []);
  return new Set(targets.signed.delegations?.roles?.[role]?.keyIDs ?? []);
}

/** What is still to be signed, a sentence each; empty where it can be applied. */
export function missingSignatures(ceremony: Ceremony, standing: Standing): Result<readonly string[], string> {
  const opened = open(ceremony, standing);
  if (!opened.ok) return opened;
  const { root, targets, changed } = opened.value;
  const missing: string[] = [];
  for (const [role, metadata] of changed) {
    const delegators = role === "root" ? [standing.root, root] : [role === "targets" ? root : targets];
    for (const delegator of delegators) {
      const fault = signatureFault(delegator, role, metadata);
      if (fault !== null) missing.push(`${role} ${fault.message}`);
    }
  }
  return ok([...new Set(missing)]);
}
