import { type Command, InvalidArgumentError } from "commander";
import type { ImpactTerms } from "../hub/contracts/impact-gate.ts";

export interface ImpactOptions {
  readonly impactBudget?: number;
  readonly acceptImpact?: string;
}

/** What a version may do to recorded decisions; the hub decides. */
export const withImpactOptions = (command: Command): Command =>
  command
    .option(
      "--impact-budget <percent>",
      "at most so many recorded decisions newly blocked; less than the hub's own",
      percentOf,
    )
    .option("--accept-impact <reason>", "more is right, and why: goes to the ledger and the version's history");

export function impactOf({ impactBudget, acceptImpact }: ImpactOptions): { readonly impact?: ImpactTerms } {
  if (impactBudget === undefined && acceptImpact === undefined) return {};
  return {
    impact: {
      ...(impactBudget === undefined ? {} : { budget: impactBudget / 100 }),
      ...(acceptImpact === undefined ? {} : { accepted: acceptImpact }),
    },
  };
}

/** `0.5%` or `0.5`. @throws InvalidArgumentError for what is no share */
export function percentOf(text: string): number {
  const value = Number(text.replace(/ *%$/, ""));
  if (text.trim() === "" || !(value >= 0 && value <= 100)) throw new InvalidArgumentError("It is a share such as 2%.");
  return value;
}
