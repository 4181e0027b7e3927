/**
 * Runs every bench there is, one after the other: a folder with a script of its name, `p1/p1.ts` to `status/status.ts`. `--json`
 * goes to each. Exit code 1 where one fails.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const place = (name: string): number => (/^p\d+$/.test(name) ? Number(name.slice(1)) : Number.POSITIVE_INFINITY);
const scripts = readdirSync(import.meta.dirname)
  .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
  .map((name) => join(import.meta.dirname, name, `${name}.ts`))
  .filter((path) => existsSync(path));
for (const script of scripts) {
  const { status } = spawnSync(process.execPath, ["--expose-gc", script, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
