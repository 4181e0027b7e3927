import { createPublicKey } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cause } from "./history-acts.ts";
import { NodeJudge, openStaticServer, type StaticServer, UpdaterJudge } from "./judges.ts";
import { stricter } from "./stricter.ts";
import { alias, type Signer, sealAnything, TufRepository } from "./tuf-repository.ts";

let server: StaticServer;
beforeAll(async () => {
  server = await openStaticServer();
});
afterAll(() => server.close());

const NOW_MS = Date.parse("2026-11-24T12:00:00Z");
const signersOf = (repo: TufRepository, role: string): Signer[] => repo.signers.get(role) ?? [];

/** One more version of the targets whose text is spelled otherwise, signed and linked as it should be. */
function respelled(repo: TufRepository, change: (text: string) => string): void {
  const document = repo.targetsOf("targets");
  document.version += 1;
  repo.put(
    "targets",
    document.version,
    Buffer.from(change(sealAnything(document, signersOf(repo, "targets")).toString())),
  );
  repo.publish("snapshot", "timestamp");
}

interface Row {
  readonly cause: Cause;
  readonly what: string;
  readonly word: string;
  readonly make: (repo: TufRepository) => void;
}

/** Each is served after one honest moment that both took. */
const rows: readonly Row[] = [
  {
    cause: "own-copy",
    what: "bytes that are gone",
    word: "metadata-mismatch",
    make: (repo) => void repo.served.delete("metadata/1.targets.json"),
  },
  {
    cause: "same-version",
    what: "a timestamp of the same version with other content",
    word: "content-mismatch",
    make: (repo) => {
      repo.timestamp["x-other"] = true;
      repo.serve("timestamp");
    },
  },
  {
    cause: "same-version",
    what: "targets of the same version, where a new snapshot names them by their new hash",
    word: "content-mismatch",
    make: (repo) => {
      repo.hashes = true;
      repo.targetsOf("targets")["x-other"] = true;
      repo.serve("targets");
      repo.publish("snapshot", "timestamp");
    },
  },
  {
    cause: "two-ids",
    what: "one key under two ids",
    word: "threshold",
    make: (repo) => {
      repo.addKey("targets", "root", alias(signersOf(repo, "targets")[0] as Signer));
      repo.roleOf("targets").threshold = 2;
      repo.publish("root", "targets", "snapshot", "timestamp");
    },
  },
  {
    cause: "two-ids",
    what: "one key as hex and as PEM",
    word: "threshold",
    make: (repo) => {
      const [signer] = signersOf(repo, "snapshot") as [Signer];
      const der = Buffer.concat([
        Buffer.from("302a300506032b6570032100", "hex"),
        Buffer.from(signer.key.keyval.public, "hex"),
      ]);
      const pem = createPublicKey({ key: der, format: "der", type: "spki" }).export({ format: "pem", type: "spki" });
      const key = { ...signer.key, keyval: { public: pem.toString() } };
      repo.addKey("snapshot", "root", { ...signer, key, keyId: "f".repeat(64) });
      repo.roleOf("snapshot").threshold = 2;
      repo.publish("root", "snapshot", "timestamp");
    },
  },
  {
    cause: "two-ids",
    what: "one key in small and in capital letters",
    word: "threshold",
    make: (repo) => {
      const [signer] = signersOf(repo, "root") as [Signer];
      const key = { ...signer.key, keyval: { public: signer.key.keyval.public.toUpperCase() } };
      repo.addKey("root", "root", { ...signer, key, keyId: "e".repeat(64) });
      repo.roleOf("root").threshold = 2;
      repo.publish("root");
    },
  },
  {
    cause: "range",
    what: "a version that counting does not reach",
    word: "format-unsupported",
    make: (repo) => {
      repo.timestamp.version = 2 ** 31 - 1;
      repo.publish("timestamp");
    },
  },
  {
    cause: "spelling",
    what: "an expiry that only some readers know",
    word: "format-unsupported",
    make: (repo) => {
      repo.targetsOf("targets").expires = "Dec 1 2999";
      repo.publish("targets", "snapshot", "timestamp");
    },
  },
  {
    cause: "spelling",
    what: "a member twice",
    word: "format-unsupported",
    make: (repo) => respelled(repo, (text) => text.replace('"_type":', '"_type":"root","_type":')),
  },
  {
    cause: "size",
    what: "targets of more than 3 MiB",
    word: "format-unsupported",
    make: (repo) => respelled(repo, (text) => text + " ".repeat(3 * 2 ** 20)),
  },
  {
    cause: "root-replaced",
    what: "a root that was passed, with other content",
    word: "content-mismatch",
    make: (repo) => {
      repo.served.set("metadata/1.root.json", Buffer.concat([repo.initialRoot(), Buffer.from("\n")]));
      repo.publish("root");
    },
  },
  {
    cause: "name",
    what: "a role that is called as every object's own",
    word: "format-unsupported",
    make: (repo) => {
      repo.addDelegation("targets", { name: "toString", paths: ["b/*"] });
      repo.publish("toString", "targets", "snapshot", "timestamp");
    },
  },
];

test.each(rows)(
  "$cause: $what is taken by the updater, and refused here: $word",
  async ({ cause, word, what, make }) => {
    const repo = new TufRepository(what, NOW_MS);
    const name = `stricter-${rows.findIndex((row) => row.what === what)}`;
    const node = new NodeJudge(repo.initialRoot());
    const updater = new UpdaterJudge(server, name, repo.initialRoot());
    try {
      const before = { served: new Map(repo.served), paths: [], atMs: NOW_MS };
      expect(node.judge(before).kind).toBe("accepted");
      expect((await updater.judge(before)).kind).toBe("accepted");
      make(repo);
      const after = { served: repo.served, paths: cause === "name" ? ["b/file"] : [], atMs: NOW_MS };
      const mine = node.judge(after);
      expect(mine).toMatchObject({ kind: "refused", why: word });
      expect(mine.kind === "refused" ? mine.detail : "").toMatch(stricter[cause].said);
      // A role by such a name is broken there as well, in another way.
      if (cause !== "name") expect((await updater.judge(after)).kind).toBe("accepted");
    } finally {
      updater.close();
    }
  },
);

test("every cause is shown by a row", () => {
  expect(new Set(rows.map(({ cause }) => cause))).toEqual(new Set(Object.keys(stricter)));
});
