import { canonicalJson } from "../../base/canonical-json.ts";
import { DAY_MS } from "../../base/civil-time.ts";
import type { CalibrationClause } from "../../model/bundle.ts";
import type { ProposalPorts } from "./proposal-ports.ts";

/**
 * Day, UTC, on which the interval of a version's clause came into force; null where it has been so in every version there was.
 * What was found before was found under another one: counted again it would shorten the interval with every version.
 */
export async function intervalSince(
  { history, at }: Pick<ProposalPorts["contracts"], "history" | "at">,
  of: { readonly contract: string; readonly version: string; readonly clause: CalibrationClause },
): Promise<number | null> {
  const { contract, version, clause } = of;
  // One that is on its way to its nodes asks for it from when it was stored.
  const begun = (await history(contract)).flatMap((one) => {
    const atMs = one.activatedAtMs ?? one.storedAtMs;
    return one.version === null || atMs === null ? [] : [{ version: one.version, atMs }];
  });
  const newestFirst = begun.sort((a, b) => b.atMs - a.atMs);
  let since: number | null = null;
  const place = newestFirst.findIndex((one) => one.version === version);
  for (const one of place === -1 ? [] : newestFirst.slice(place)) {
    const bundle = (await at(contract, one.version))?.bundle;
    const same = bundle?.clauses.some((other) => other.kind === "calibration" && hasInterval(other, clause));
    if (same === true) since = Math.floor(one.atMs / DAY_MS);
    else if (bundle != null) return since;
  }
  return null;
}

/** The same demand on the same equipment, as often. */
const hasInterval = (other: CalibrationClause, clause: CalibrationClause): boolean =>
  intervalOf(other) === intervalOf(clause);

const intervalOf = ({ condition, equipment, order, attribute, interval, cycles }: CalibrationClause): string =>
  canonicalJson({ condition, equipment, order, attribute, interval, cycles });
