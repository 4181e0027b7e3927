import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_POLICY, type RolloutPolicy } from "../hub/core/rollout-policy.ts";
import type { Activation } from "../model/message.ts";

/** What the command line says of a rollout; what it leaves out is the domain's default. */
export interface RolloutOptions {
  readonly waves?: readonly string[];
  readonly success?: number;
  readonly error?: number;
  readonly soak?: number;
  readonly onBreach?: RolloutPolicy["onBreach"];
  readonly shadow?: boolean;
  readonly notBefore?: string;
  readonly window?: NonNullable<Activation["window"]>;
  readonly idle?: boolean;
}

/** Adds the options of `RolloutOptions` to a command. */
export const withRolloutOptions = (command: Command): Command =>
  command
    .option(
      "--waves <list>",
      "in their order, with commas between: 1,10%,100% or node:LP-01, station:, type:, attribute:, zone:",
      listOf,
    )
    .option("--success <percent>", "share of a wave's reachable nodes that must succeed", percentOf)
    .option("--error <percent>", "share of a wave's nodes that may fail", percentOf)
    .option("--soak <time>", "how long a wave must be good before the next opens: 90s, 10m, 2h, 1d", millisecondsOf)
    .addOption(new Option("--on-breach <what>", "when more fail than may").choices(["pause", "revert"]))
    .option("--shadow", "try it beside what is enforced: decided and logged, without a say")
    .option("--not-before <time>", "nodes swap it in from then on: 2026-12-01T22:00:00Z")
    .option("--window <from-to>", "nodes swap it in at these hours of their plant: 22:00-06:00", windowOf)
    .option("--idle", "nodes swap it in while no test runs");

/** The part of a policy that was asked for. */
export function policyOf(options: RolloutOptions): Partial<RolloutPolicy> {
  const { waves, success, error, soak, onBreach, shadow, notBefore, window, idle } = options;
  const isScheduled = notBefore !== undefined || window !== undefined || idle !== undefined;
  const activation = {
    notBefore: notBefore ?? DEFAULT_POLICY.activation.notBefore,
    window: window ?? DEFAULT_POLICY.activation.window,
    idleOnly: idle ?? DEFAULT_POLICY.activation.idleOnly,
  };
  return {
    ...(waves === undefined ? {} : { waves }),
    ...(success === undefined ? {} : { successPercent: success }),
    ...(error === undefined ? {} : { errorPercent: error }),
    ...(soak === undefined ? {} : { soakMs: soak }),
    ...(onBreach === undefined ? {} : { onBreach }),
    ...(shadow === undefined ? {} : { mode: "shadow" as const }),
    ...(isScheduled ? { activation } : {}),
  };
}

const listOf = (text: string): readonly string[] => text.split(",").map((one) => one.trim());

function percentOf(text: string): number {
  const value = Number(text.replace(/%$/, ""));
  if (text.trim() === "" || Number.isNaN(value)) throw new InvalidArgumentError("It is a number such as 90.");
  return value;
}

const UNITS: { readonly [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function millisecondsOf(text: string): number {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("It is a time such as 90s, 10m, 2h or 1d.");
  return Number(count) * (UNITS[unit] ?? 0);
}

function windowOf(text: string): NonNullable<Activation["window"]> {
  const [from, to, ...rest] = text.split("-");
  if (from === undefined || to === undefined || rest.length > 0)
    throw new InvalidArgumentError("It is two times of day such as 22:00-06:00.");
  return { from, to };
}
