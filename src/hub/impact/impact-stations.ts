import type { CalibrationHistory } from "./calibration-history.ts";
import type { Impact, ImpactCause, ImpactStation } from "./impact-model.ts";

/** What each station that recorded the calibration still has to record: what it knows decides there, not what the hub knows. */
export function stationsOf(
  { id, asset, cause }: Pick<Impact, "id" | "asset" | "cause">,
  history: CalibrationHistory,
): readonly ImpactStation[] {
  if (cause.kind === "by-hand") return [];
  return cause.kind === "revoked"
    ? acceptingStations(asset, cause, history)
    : warningStations(id, asset, cause, history);
}

/** Every station that knows of the calibration warns until somebody says there that it is settled. */
function warningStations(
  id: string,
  asset: string,
  { performedOn, certificate }: Extract<ImpactCause, { readonly kind: "as-found" }>,
  { calibrations, closings }: CalibrationHistory,
): readonly ImpactStation[] {
  const found = calibrations.find(
    (one) =>
      one.isOutOfTolerance && one.asset === asset && one.performedOn === performedOn && one.certificate === certificate,
  );
  const nodes = [...new Set(found?.recordedAt.map(({ node }) => node) ?? [])];
  return nodes.map((node) => {
    const closing = closings.findLast(
      (one) => one.node === node && one.asset === asset && one.certificate === certificate,
    );
    const closed =
      closing === undefined ? null : { by: closing.by, atMs: closing.atMs, disposition: closing.disposition };
    const command = `maint record impact --node ${node} --asset ${asset} --certificate ${certificate} --disposition "${id}"`;
    return { node, certificate, closed, toDo: closed === null && certificate !== null ? command : null };
  });
}

/** A station that recorded the certificate goes on accepting it until the revocation is recorded there, too. */
function acceptingStations(
  asset: string,
  { certificate, reason }: Extract<ImpactCause, { readonly kind: "revoked" }>,
  { calibrations, revocations }: CalibrationHistory,
): readonly ImpactStation[] {
  const recorded = calibrations.filter((one) => one.asset === asset && one.certificate === certificate);
  const taken = revocations.find((one) => one.asset === asset && one.certificate === certificate)?.recordedAt ?? [];
  const nodes = [...new Set([...recorded.flatMap((one) => one.recordedAt), ...taken].map(({ node }) => node))];
  return nodes.map((node) => {
    const told = taken.find((one) => one.node === node);
    const command = `maint record revocation --node ${node} --asset ${asset} --certificate ${certificate} --reason ${JSON.stringify(reason)}`;
    return {
      ...{ node, certificate, toDo: told === undefined ? command : null },
      closed: told === undefined ? null : { by: told.by, atMs: told.atMs, disposition: `revoked: ${reason}` },
    };
  });
}
