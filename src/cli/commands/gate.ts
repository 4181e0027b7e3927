import { Command } from "commander";
import { askGate, type GateOptions } from "../ask-gate.ts";
import { GATE_WORDS } from "../gate-words.ts";

/** `maint gate`: may this test start? Exit code 0 allowed, 10 blocked, 69 nobody there to ask, which is blocked too. */
export function command(): Command {
  const gate = new Command("gate")
    .description("ask a node whether a test may start; exit code 0 allowed, 10 blocked, 69 no agent (blocked)")
    .addHelpText(
      "after",
      "\nExample:\n  maint gate --node LP-01 --test T-1 --start --token keys/STF-1.token\n  maint gate --node LP-01 --test T-1 --end --result passed --token keys/STF-1.token",
    )
    .action((options: GateOptions) => askGate(options));
  for (const { name, takes, about } of GATE_WORDS) {
    const flags = takes === null ? name : `${name} <${takes}>`;
    if (name === "--node") gate.requiredOption(flags, about);
    else gate.option(flags, about);
  }
  return gate;
}
