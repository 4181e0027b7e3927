import type { Floor } from "./floor.ts";
import { CONTRACT } from "./uv-story.ts";

/** What a person may try with the floor that the story leaves running, and what becomes of it. */
export function byHandLines({ data, keys, tokenOf }: Pick<Floor, "data" | "keys" | "tokenOf">, temporary: boolean) {
  const maint = "node bin/maint.js";
  const at = `--data ${data}`;
  const token = `--token ${tokenOf("STF-1")}`;
  return [
    "",
    "Hub and nodes keep running. In another terminal, from this folder:",
    `  ${maint} gate --node LP-03 --test MY-1 ${at} ${token}`,
    `  ${maint} record reading --node LP-03 --quantity uv-intensity --value 900 --unit uW/cm2 --with light-meter ${at} ${token}`,
    `  ${maint} gate --node LP-03 --test MY-2 ${at} ${token}`,
    `  ${maint} contract history ${CONTRACT} ${at} --keys ${keys}`,
    `  ${maint} ledger list --node LP-03 ${at}`,
    "",
    `Ctrl-C stops everything${temporary ? " and removes the folder" : "; the folder stays"}.`,
  ];
}
