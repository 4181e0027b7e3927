import type { Alert } from "../../src/model/alert.ts";

export const EPOCH = "00112233445566aa";
export const ALERTS_PER_FRAME = 10;

/** What a weak lamp makes a station say over and over, of two readings in turn. */
export const alertOf = (node: string, seq: number): Alert => ({
  ...{ node, epoch: EPOCH, seq, kind: "decision-blocked", severity: "high", atMs: 1_795_000_000_000 + seq },
  ...{ contract: "UV-DAILY", version: "v1.0", bundleDigest: `sha256:${"ab".repeat(32)}` },
  ...{ condition: "uv-intensity-each-day", reason: "reading.out-of-limits" },
  subject: seq % ALERTS_PER_FRAME < ALERTS_PER_FRAME / 2 ? "uv-intensity" : "ambient-light",
  text: "uv-intensity is 940 uW/cm2, at least 1000 uW/cm2 is needed",
  ...{ testId: `T-${seq}`, stationId: node, stationType: "penetrant", assets: ["LAMP-7"] },
  reading: { quantity: "uv-intensity", value: "940", unit: "uW/cm2" },
  ...{ tell: ["supervisor"], ledgerSeq: seq },
});

/** The nth frame of a node in its session, from 1; hello was the one before. */
export function frameOf(node: string, nth: number): string {
  const first = (nth - 1) * ALERTS_PER_FRAME + 1;
  const alerts = Array.from({ length: ALERTS_PER_FRAME }, (_, index) => alertOf(node, first + index));
  return JSON.stringify({ v: 1, t: "alert", id: `n${nth + 1}`, seq: nth + 1, body: { epoch: EPOCH, alerts } });
}
