import type { FoundCounts, ImpactItem } from "./impact-items.ts";
import type { Suspect } from "./suspects.ts";

/** What was decided about a part, a test or one decision. */
export const DISPOSITIONS = ["accept", "retest", "recall", "scrap", "notify-client"] as const;
export type DispositionWord = (typeof DISPOSITIONS)[number];

/** Why an instrument cannot be relied on. */
export type ImpactCause =
  /** A calibration found it out of tolerance. */
  | {
      readonly kind: "as-found";
      readonly performedOn: string;
      readonly certificate: string | null;
      /** Where it was recorded first. */
      readonly node: string;
      readonly record: string;
    }
  /** The laboratory took back a certificate that was relied on. */
  | {
      readonly kind: "revoked";
      /** Null where no calibration with this certificate was recorded. */
      readonly performedOn: string | null;
      readonly certificate: string;
      /** As the record of the revocation says. */
      readonly reason: string;
      /** Where the revocation was recorded first. */
      readonly node: string;
      readonly record: string;
    }
  /** A person says so. */
  | { readonly kind: "by-hand" };

/** What an instrument that cannot be relied on reached, and what people decided about it. Times are epoch milliseconds. */
export interface Impact {
  /** `impact-3`, counted by the hub. */
  readonly id: string;
  readonly asset: string;
  readonly cause: ImpactCause;
  /** The time in which it cannot be relied on; null: since ever, until now. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly note: string;
  readonly state: "open" | "closed";
  readonly openedBy: string;
  readonly openedAtMs: number;
  readonly closed: { readonly by: string; readonly atMs: number; readonly note: string } | null;
  readonly lastLook: LastLook;
}

/** What the archive showed when somebody looked last. */
export interface LastLook {
  readonly atMs: number;
  readonly items: number;
  readonly undisposed: number;
  readonly counts: FoundCounts;
}

export interface Disposition {
  readonly item: string;
  readonly disposition: DispositionWord;
  readonly note: string;
  readonly by: string;
  readonly atMs: number;
  /** How many decisions were known of the item then. */
  readonly decisions: number;
}

export interface DisposedItem extends ImpactItem {
  /** Null where there is none, or more was found of the item since: then people decide again. */
  readonly disposition: Disposition | null;
}

/** An impact with what the archive shows now. */
export interface ImpactView extends Impact {
  readonly suspects: readonly Suspect[];
  /** As many as were asked for; `lastLook` counts all. */
  readonly items: readonly DisposedItem[];
  readonly stations: readonly ImpactStation[];
}

/**
 * A node keeps its own warning (`impact.open`) until the closing is recorded there, and accepts a certificate that was taken back
 * until that is recorded there: nobody writes another's evidence.
 */
export interface ImpactStation {
  readonly node: string;
  readonly certificate: string | null;
  readonly closed: { readonly by: string; readonly atMs: number; readonly disposition: string } | null;
  /** What is to be recorded there; null where it is, or where its calibration has no certificate to name. */
  readonly toDo: string | null;
}

/** An instrument that a calibration found out of tolerance, or of which a certificate was taken back, and nobody opened. */
export interface ImpactCandidate {
  readonly kind: "as-found" | "revoked";
  readonly asset: string;
  /** Null where a certificate was taken back that nobody recorded. */
  readonly performedOn: string | null;
  readonly certificate: string | null;
  readonly node: string;
  readonly record: string;
  /** The finding as a sentence. */
  readonly words: string;
}

/** A sentence for a reader. */
export function wordsOf({ asset, cause }: Pick<Impact, "asset" | "cause">): string {
  switch (cause.kind) {
    case "by-hand":
      return `${asset} cannot be relied on`;
    case "revoked": {
      const day = cause.performedOn === null ? "" : ` of ${cause.performedOn}`;
      return `${asset}: certificate ${cause.certificate}${day} was taken back, ${cause.reason} (${cause.record} at ${cause.node})`;
    }
    case "as-found": {
      const certificate = cause.certificate === null ? "" : `, certificate ${cause.certificate}`;
      return `${asset} was found out of tolerance on ${cause.performedOn}${certificate} (${cause.record} at ${cause.node})`;
    }
  }
}
