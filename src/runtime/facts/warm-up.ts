import { compare, rational, showRational, ZERO } from "../../base/rational.ts";
import type { Bundle, WarmUpClause } from "../../model/bundle.ts";
import { assetOf, type ClauseFacts, equipmentOf, spanWords } from "./context.ts";
import { finding, known, NOTHING_SHOWN, notKnown } from "./part.ts";

/** On-time is the monotonic clock's; the wall clock may only shorten it. Source: decisions.md B5. */
export function warmUpFacts(clause: WarmUpClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.equipment);
  const required = rational(BigInt(clause.ms), 1000n);
  const limit = `at least ${spanWords({ kind: "elapsed", ms: clause.ms })}`;
  return (moment) => {
    const id = asset(moment);
    const item = equipmentOf(moment, id);
    if (item === undefined) return [notKnown("on-time", [finding("equipment.unknown", id)])];
    const { onSeconds, onSince } = item;
    const shown = { ...NOTHING_SHOWN, limit };
    if (onSeconds === undefined) {
      return [notKnown("on-time", [finding("warmup.too-short", id, "nobody knows how long it has been on")], shown)];
    }
    const byWall = onSince === undefined ? undefined : rational(BigInt(moment.now - onSince), 1000n);
    const on = byWall !== undefined && compare(byWall, onSeconds) < 0 ? byWall : onSeconds;
    const vsLimit = compare(on, required);
    const reading = (): string => `${showRational(compare(on, ZERO) < 0 ? ZERO : on, 0)} s`;
    const breach = vsLimit >= 0 ? null : finding("warmup.too-short", id, `on for ${reading()}, ${limit} needed`);
    return [known("on-time", { vsLimit, breach }, () => ({ ...shown, reading: reading() }))];
  };
}
