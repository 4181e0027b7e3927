import { Key, Metadata, MetaFile } from "@tufjs/models";
import { Signed } from "@tufjs/models/dist/base.js";
import { Delegations } from "@tufjs/models/dist/delegations.js";
import { DelegatedRole } from "@tufjs/models/dist/role.js";
import { TrustedMetadataStore } from "tuf-js/dist/store.js";
import { ok } from "../../src/base/result.ts";
import { ours, type Verifier } from "./judges.ts";

/** Mistakes that a verification can have, each planted for the length of one synchronous step, so that the updater has none. */
export const planted: { readonly [bug: string]: Verifier } = {
  "no signature is checked": patched(Metadata.prototype, "verifyDelegate", () => () => undefined),
  "a threshold is one too low": patched(
    Metadata.prototype,
    "verifyDelegate",
    (real) =>
      function (this: unknown, ...args: unknown[]) {
        try {
          return real.apply(this, args);
        } catch (error) {
          const [, have, need] = /signed by (\d+)\/(\d+)/.exec(String(error)) ?? [];
          if (need === undefined || need === "1" || Number(have) < Number(need) - 1) throw error;
          return undefined;
        }
      },
  ),
  "a key that is named need not have signed": patched(Key.prototype, "verifySignature", () => () => undefined),
  "no rollback is refused": { ...ours, metadata: (request) => ours.metadata({ ...request, mark: null }) },
  "a rotated key frees nothing": {
    ...ours,
    metadata: (request) => {
      const old = [request.mark?.timestamp.digest, request.mark?.snapshot.digest];
      const { timestamp, snapshot } = request.digests;
      const lost = (digest: string) => old.includes(digest) && digest !== timestamp && digest !== snapshot;
      return ours.metadata({ ...request, bytesOf: (digest) => (lost(digest) ? undefined : request.bytesOf(digest)) });
    },
  },
  "nothing expires": patched(Signed.prototype, "isExpired", () => () => false),
  "expiry is judged a day early": {
    ...ours,
    metadata: (request) => ours.metadata({ ...request, atMs: request.atMs - 86_400_000 }),
  },
  "expiry is judged a day late": {
    ...ours,
    metadata: (request) => ours.metadata({ ...request, atMs: request.atMs + 86_400_000 }),
  },
  "the instant of expiry is still fresh": {
    ...ours,
    metadata: (request) => ours.metadata({ ...request, atMs: request.atMs - 1 }),
  },
  "no hash of metadata is checked": patched(MetaFile.prototype, "verify", () => () => undefined),
  "no hash of a target is checked": {
    ...ours,
    target: (metadata, path, bytes) => {
      const found = metadata.target(path);
      return found.ok && found.value !== undefined ? ok(found.value) : ours.target(metadata, path, bytes);
    },
  },
  "paths of delegations are ignored": patched(DelegatedRole.prototype, "isDelegatedPath", () => () => true),
  "terminating is ignored": patched(
    Delegations.prototype,
    "rolesForTarget",
    (real) =>
      function (this: unknown, ...args: unknown[]) {
        const roles = [...(real.apply(this, args) as Iterable<{ role: string }>)];
        return roles.map(({ role }) => ({ role, terminating: false }));
      },
  ),
  "delegations are searched from the last": patched(
    Delegations.prototype,
    "rolesForTarget",
    (real) =>
      function (this: unknown, ...args: unknown[]) {
        return [...(real.apply(this, args) as Iterable<unknown>)].reverse();
      },
  ),
  "a new root need not be signed by the old": patched(
    TrustedMetadataStore.prototype,
    "updateRoot",
    (real) =>
      function (this: unknown, ...args: unknown[]) {
        const before = Metadata.prototype.verifyDelegate;
        Metadata.prototype.verifyDelegate = function (role, document) {
          if (this === document) before.call(this, role, document);
        };
        try {
          return real.apply(this, args);
        } finally {
          Metadata.prototype.verifyDelegate = before;
        }
      },
  ),
  "the snapshot need not be the timestamp's": patched(
    TrustedMetadataStore.prototype,
    "checkFinalSnapsnot",
    () => () => undefined,
  ),
};

type Anything = (...args: unknown[]) => unknown;

function patched(prototype: object, method: string, make: (real: Anything) => Anything): Verifier {
  const around: Verifier["around"] = (work) => {
    const real = Reflect.get(prototype, method) as Anything;
    Reflect.set(prototype, method, make(real));
    try {
      return work();
    } finally {
      Reflect.set(prototype, method, real);
    }
  };
  return { ...ours, around };
}
