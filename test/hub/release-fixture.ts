import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolder } from "../../src/disk/atomic-write.ts";
import { makeSigningKey, type SigningKey } from "../../src/disk/key-file.ts";
import { openPolicyCentral, type PolicyCentral } from "../../src/hub/policy-central/policy-central.ts";
import {
  initialRoot,
  initialTargets,
  prepareRelease,
  type ReleaseSubmission,
} from "../../src/hub/release/sign-release.ts";

export const DAY_MS = 86_400_000;
export const START_MS = 1_795_000_000_000;

/** A PolicyCentral in a fresh folder, its keys, and a clock that tests turn. */
export interface PolicyBench {
  readonly folder: string;
  readonly keys: { readonly root: SigningKey; readonly author: SigningKey; readonly online: SigningKey };
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
  readonly authorKey: SigningKey;
}

export function policyBench(): PolicyBench {
  const folder = join(mkdtempSync(join(tmpdir(), "maint-policy-")), "policy");
  const keys = { root: makeSigningKey(), author: makeSigningKey(), online: makeSigningKey() };
  const clock = { nowMs: () => START_MS };
  makeFolder(join(folder, "metadata"));
  const root = initialRoot({ root: keys.root, targets: keys.author, online: keys.online }, START_MS);
  writeFileSync(join(folder, "metadata", "1.root.json"), root, { mode: 0o444 });
  writeFileSync(join(folder, "metadata", "1.targets.json"), initialTargets(keys.author, START_MS), { mode: 0o444 });
  return {
    folder,
    keys,
    clock,
    open: () => openPolicyCentral({ folder, onlineKey: keys.online, clock: { nowMs: () => clock.nowMs() } }),
    prepare: (policy, change = {}) => {
      const release = { contract: "UV-DAILY", version: "v1.0", domain: "penetrant", authorKey: keys.author, ...change };
      const text = change.text ?? `contract ${release.contract} "UV, 1000 µW/cm²"\n`;
      const bundle = change.bundle ?? JSON.stringify({ contract: release.contract, version: release.version });
      const currentTargets = policy.metadata().targets.text;
      const made = prepareRelease({ ...release, text, bundle, currentTargets, nowMs: clock.nowMs() });
      if (!made.ok) throw new Error(made.error);
      return made.value;
    },
  };
}
