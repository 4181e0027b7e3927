import type { Comparison } from "./compare.ts";

/** How a version stands to the one before it, for those who sign it: what is not proved to be no looser counts as looser. */
export type VersionDirection = "first" | "same" | "tightens" | "loosens" | "both";

export function directionOf({ verdict, changes }: Comparison, isFirst: boolean): VersionDirection {
  if (isFirst) return "first";
  if (verdict === "equal") return "same";
  if (verdict === "never-looser") return "tightens";
  return changes.some(({ direction }) => direction === "tighter" || direction === "added") ? "both" : "loosens";
}
