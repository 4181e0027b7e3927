import { canonicalJson } from "../../base/canonical-json.ts";
import type { CalibrationEvidence } from "../../model/evidence.ts";
import { calibrationsAmong, type NodeRecord, standing } from "../archive/evidence-in.ts";
import { distinct } from "./decision-rows.ts";

/** A calibration that still counts, with where it was recorded first. */
export interface Calibrated {
  readonly node: string;
  /** Everywhere it was recorded. */
  readonly nodes: readonly string[];
  readonly id: string;
  readonly asset: string;
  readonly by: string;
  readonly recordedAtMs: number;
  readonly body: CalibrationEvidence;
}

/** All that no correction replaces, with the record that said each first. */
export const calibrationsOf = (records: readonly NodeRecord[]): readonly Calibrated[] =>
  calibrationsAmong(standing(records), canonicalJson).map(({ asset, body, records: said }) => {
    const [{ node, record }] = said;
    const nodes = distinct(said.map((one) => one.node));
    return { node, nodes, id: record.id, asset, by: record.by, recordedAtMs: record.recordedAtMs, body };
  });
