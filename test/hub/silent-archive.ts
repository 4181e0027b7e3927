import { ok } from "../../src/base/result.ts";
import type { SessionPorts } from "../../src/hub/session/session-ports.ts";
import { EMPTY_HEAD } from "../../src/ledger/entry.ts";

/** Has nothing of any node and never says that it took anything. */
export const silentArchive: SessionPorts["ledgers"] = {
  take: async () => ok(undefined),
  meet: async () => undefined,
  standingOf: () => ({ head: EMPTY_HEAD, fork: null, mayRestart: false }),
};
