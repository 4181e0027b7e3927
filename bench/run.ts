/** Runs every bench there is, one after the other: a folder `pN` with its script `pN.ts`. `--json` goes to each. Exit code 1 where one fails. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const scripts = readdirSync(import.meta.dirname)
  .filter((name) => /^p\d+$/.test(name))
  .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
  .map((name) => join(import.meta.dirname, name, `${name}.ts`))
  .filter((path) => existsSync(path));
for (const script of scripts) {
  const { status } = spawnSync(process.execPath, ["--expose-gc", script, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
