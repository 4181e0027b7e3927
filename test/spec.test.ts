import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./tidy/source-files.ts";

// The specification lies beside the project where there is one; a clone alone has the vectors of test/conformance.
const check = (name: string): string => join(root, "..", "shared", "check", `${name}.mjs`);

test.skipIf(!existsSync(check("scenarios"))).each(["scenarios", "diagnostics"])("the spec's %s pass", (name) => {
  const run = spawnSync(process.execPath, [check(name)], { cwd: root, encoding: "utf8" });
  expect(`${run.stdout}${run.stderr}`).toMatch(/\b0 failed/);
  expect(run.status).toBe(0);
});
