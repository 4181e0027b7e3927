import { assert } from "../../base/assert.ts";
import { RECONNECT_MAX_MS } from "../../model/limits.ts";

/** Half a second doubles into the cap in seven attempts. */
const FIRST_WINDOW_MS = 500;

/**
 * How long to wait before the next dial, in ms. The first one after a session lies anywhere in the hub's spread, later ones
 * anywhere in a window that doubles up to RECONNECT_MAX_MS (full jitter), so that a restarted hub is not met by all at once.
 * `random` is in [0, 1).
 */
export function reconnectDelayMs(attempts: number, spreadMs: number, random: number): number {
  assert(random >= 0 && random < 1, "chance lies in [0, 1)");
  const spread = Math.min(Math.max(0, spreadMs), RECONNECT_MAX_MS);
  if (attempts === 0) return Math.floor(random * spread);
  const window = Math.min(RECONNECT_MAX_MS, FIRST_WINDOW_MS * 2 ** Math.min(attempts, 20));
  return Math.floor(random * Math.max(window, 1));
}
