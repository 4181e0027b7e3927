import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolder } from "../../src/disk/atomic-write.ts";
import { makeSigningKey, type SigningKey } from "../../src/disk/key-file.ts";
import { firstMetadata } from "../../src/hub/policy-central/init-policy.ts";
import { openPolicyCentral, type PolicyCentral } from "../../src/hub/policy-central/policy-central.ts";
import { prepareRelease, type ReleaseMark, type ReleaseSubmission } from "../../src/hub/release/sign-release.ts";

export const DAY_MS = 86_400_000;
export const START_MS = 1_795_000_000_000;

/** A PolicyCentral in a fresh folder, its keys, and a clock that tests turn. */
export interface PolicyBench {
  readonly folder: string;
  readonly keys: {
    readonly roots: readonly SigningKey[];
    readonly author: SigningKey;
    readonly approver: SigningKey;
    readonly online: SigningKey;
  };
  readonly clock: { nowMs: () => number };
  readonly open: () => PolicyCentral;
  readonly prepare: (policy: PolicyCentral, change?: Partial<ReleaseToMake>) => ReleaseSubmission;
}

export interface ReleaseToMake {
  readonly contract: string;
  readonly version: string;
  readonly domain: string;
  readonly text: string;
  readonly bundle: string;
  readonly role: string;
  readonly mark: ReleaseMark;
  readonly keys: readonly SigningKey[];
}

export function policyBench(): PolicyBench {
  const folder = join(mkdtempSync(join(tmpdir(), "maint-policy-")), "policy");
  const roots = [makeSigningKey(), makeSigningKey(), makeSigningKey()];
  const keys = { roots, author: makeSigningKey(), approver: makeSigningKey(), online: makeSigningKey() };
  const clock = { nowMs: () => START_MS };
  makeFolder(join(folder, "metadata"));
  const first = firstMetadata({ roots, signers: [keys.author, keys.approver], online: keys.online }, START_MS);
  const write = (name: string, text: string) => writeFileSync(join(folder, "metadata", name), text, { mode: 0o444 });
  write("1.root.json", first.root);
  // The first snapshot is the hub's to make.
  for (const { name, text } of first.files) if (!name.endsWith("snapshot.json")) write(name, text);
  return {
    folder,
    keys,
    clock,
    open: () => openPolicyCentral({ folder, onlineKey: keys.online, clock: { nowMs: () => clock.nowMs() } }),
    prepare: (policy, change = {}) => {
      const release = { contract: "UV-DAILY", version: "v1.0", domain: "penetrant", keys: [keys.author], ...change };
      const text = change.text ?? `contract ${release.contract} "UV, 1000 µW/cm²"\n`;
      const bundle = change.bundle ?? JSON.stringify({ contract: release.contract, version: release.version });
      const role = change.role ?? release.domain;
      const made = prepareRelease({
        ...{ ...release, text, bundle, role, assignment: null, nowMs: clock.nowMs() },
        mark: change.mark ?? markFor(policy, release.contract),
        currentTargets: policy.metadata().delegated.get(role)?.text ?? "",
      });
      if (!made.ok) throw new Error(made.error);
      return made.value;
    },
  };
}

/** Held against the latest stored version; the test says where it is another direction. */
export function markFor(
  policy: PolicyCentral,
  contract: string,
  direction: ReleaseMark["direction"] = "tightens",
): ReleaseMark {
  const latest = policy.releases(contract).at(-1);
  const held = latest === undefined ? "first" : direction;
  return { direction: held, comparedWith: latest?.digest ?? null, offline: "accept" };
}
