import type { SessionPorts } from "../../src/hub/session/session-ports.ts";

/** A hub that shows its ledger to nobody. */
export const silentWitnesses: SessionPorts["witnesses"] = {
  met: () => undefined,
  left: () => undefined,
  cosigned: () => undefined,
};
