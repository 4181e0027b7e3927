import { describe, expect, test } from "vitest";
import { ALL, Client, fresh, NOW_MS } from "./conformance-client.ts";
import { type Signer, TufRepository } from "./tuf-repository.ts";

/** The rotations of tuf-conformance by their names. Source: github.com/theupdateframework/tuf-conformance. */

/** Keys, threshold, who signs; a root of these versions one after the other. The last one may be refused. */
interface MdVersion {
  readonly keys: string;
  readonly threshold: number;
  readonly sigs: string;
}
const md = (keys: string, threshold: number, sigs: string): MdVersion => ({ keys, threshold, sigs });

const rootRotations: readonly (readonly [string, boolean, ...MdVersion[]])[] = [
  ["1-of-1-key-rotation", true, md("1", 1, "1"), md("2", 1, "21"), md("2", 1, "2")],
  ["1-of-1-key-rotation-unused-signatures", true, md("1", 1, "314"), md("2", 1, "3214"), md("2", 1, "324")],
  [
    "3-of-5-sign-with-different-keycombos",
    true,
    md("01234", 3, "024"),
    md("01234", 3, "041"),
    md("01234", 3, "013"),
    md("01234", 3, "013"),
  ],
  ["3-of-5-one-key-rotated", true, md("01234", 3, "024"), md("01345", 3, "041")],
  [
    "3-of-5-one-key-rotated-with-intermediate-step",
    true,
    md("01234", 3, "024"),
    md("01345", 3, "0245"),
    md("01345", 3, "045"),
  ],
  [
    "3-of-5-all-keys-rotated-with-intermediate-step",
    true,
    md("01234", 3, "024"),
    md("56789", 3, "024567"),
    md("56789", 3, "567"),
  ],
  ["1-of-3-threshold-increase-to-2-of-3", true, md("123", 1, "1"), md("123", 2, "12")],
  ["2-of-3-threshold-decrease-to-1-of-3", true, md("123", 2, "12"), md("123", 1, "12"), md("123", 1, "1")],
  ["1-of-2-threshold-increase-to-2-of-2", true, md("1", 1, "1"), md("12", 2, "12")],
  ["1-of-1-key-rotation-fail-not-signed-with-old-key", false, md("1", 1, "1"), md("2", 1, "234")],
  ["1-of-1-key-rotation-fail-not-signed-with-new-key", false, md("1", 1, "1"), md("2", 1, "134")],
  ["3-of-5-one-key-rotate-fails-not-signed-with-3-new-keys", false, md("01234", 3, "024"), md("01345", 3, "024")],
  ["3-of-5-one-key-rotate-fails-not-signed-with-3-old-keys", false, md("01234", 3, "024"), md("01345", 3, "045")],
  ["1-of-3-threshold-bump-to-2-of-3-fails-new-threshold-not-reached", false, md("123", 1, "1"), md("123", 2, "2")],
  ["2-of-3-threshold-decr-to-1-of-3-fails-old-threshold-not-eached", false, md("123", 2, "12"), md("123", 1, "1")],
];

const otherRotations: readonly (readonly [string, boolean, MdVersion])[] = [
  ["1-of-1-key-rotation", true, md("2", 1, "2")],
  ["1-of-1-key-rotation-unused-signatures", true, md("1", 1, "314")],
  ["1-of-1-key-rotation-fail-not-signed-with-new-key", false, md("2", 1, "134")],
  ["3-of-5-one-key-signature-wrong-not-signed-with-3-expected-keys", false, md("01345", 3, "024")],
  ["2-of-5-one-key-signature-mising-threshold-not-reached", false, md("01345", 3, "04")],
  ["3-of-5-sign-first-combo", true, md("01234", 3, "024")],
  ["3-of-5-sign-second-combo", true, md("01234", 3, "041")],
  ["3-of-5-sign-third-combo", true, md("01234", 3, "013")],
  ["3-of-5-sign-fourth-combo", true, md("01234", 3, "123")],
  ["3-of-5-sign-fifth-combo", true, md("01234", 3, "234")],
];

function becomes({ repo }: Client, role: string, signers: readonly Signer[], version: MdVersion): void {
  const of = (digits: string) => [...digits].map((digit) => signers[Number(digit)] as Signer);
  repo.roleOf(role).keyids = [];
  repo.roleOf(role).threshold = version.threshold;
  for (const signer of of(version.keys)) repo.addKey(role, "root", signer);
  repo.signers.set(role, of(version.sigs));
}

describe("updater_key_rotations", () => {
  test.each(rootRotations.map(([name, accepted, ...versions]) => ({ name, accepted, versions })))(
    "root_rotation $name",
    ({ accepted, versions }) => {
      const repo = new TufRepository("rotation", NOW_MS);
      const made = new Client(undefined, repo);
      const signers = Array.from({ length: 10 }, () => repo.newSigner());
      repo.root.version = 0;
      for (const version of versions) {
        becomes(made, "root", signers, version);
        repo.publish("root");
      }
      repo.publish("targets", "snapshot", "timestamp");
      const outcome = new Client(repo.initialRoot(), repo).refresh();
      if (accepted) expect(outcome).toBe("accepted");
      else expect(["threshold", "signature-invalid"]).toContain(outcome);
    },
  );

  test.each(otherRotations)("non_root_rotations %s", (_name, accepted, version) => {
    for (const role of ["timestamp", "snapshot", "targets"]) {
      const client = fresh();
      const signers = Array.from({ length: 10 }, () => client.repo.newSigner());
      becomes(client, role, signers, version);
      client.repo.publish(...ALL);
      if (accepted) expect(client.refresh()).toBe("accepted");
      else expect(["threshold", "signature-invalid"]).toContain(client.refresh());
    }
  });
});
