import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Floor } from "../../src/cli/story/floor.ts";
import { CONTRACT_FILE } from "../e2e/lp-floor.ts";

/** The LP contract with another warning, so that it is a new version that decides the same. `number` tells versions apart. */
export function nextVersionFile({ data }: Floor, number: number): string {
  const file = join(data, "..", `version-${number}.maint`);
  const days = 20 + (number % 10) + (Math.floor(number / 10) % 2) * 20;
  writeFileSync(file, readFileSync(CONTRACT_FILE, "utf8").replace("warn 30 days before", `warn ${days} days before`));
  return file;
}
