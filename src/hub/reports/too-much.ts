import type { MaintError } from "../../base/maint-error.ts";
import { conflict } from "../refusals.ts";

/** More than one report holds: it is refused whole, for nothing is left out of a report silently. */
export const tooMuch = (what: string): MaintError =>
  conflict(
    `${what}: too much for one report`,
    "narrow it: a shorter period (--from, --to), one station (--station) or one order (--order)",
  );

/** A file of this size could be made, and no `maint report verify` would read it. */
export const tooLargeToVerify = (maxBytes: number): MaintError =>
  tooMuch(`it would have more than ${mebibytes(maxBytes)}, and could not be verified`);

const mebibytes = (bytes: number): string => (bytes < 1 << 20 ? `${bytes} bytes` : `${bytes / (1 << 20)} MiB`);
