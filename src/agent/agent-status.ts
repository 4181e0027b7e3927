import type { PublicKey } from "../disk/key-file.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import type { EngineChoice } from "../model/decision.ts";
import { type Activation, inForceIn } from "./activation.ts";
import type { AgentClock } from "./agent-clock.ts";
import type { AgentStatus } from "./agent-routes.ts";
import type { AlertSpool } from "./alert-spool.ts";
import type { HubLink } from "./hub-link.ts";

/** Where an agent's word of itself comes from. */
export interface StatusSources {
  readonly node: string;
  readonly engine: EngineChoice;
  readonly hub: string;
  readonly hubUrl: (() => string) | null;
  readonly activation: Activation;
  readonly stores: { readonly clock: AgentClock; readonly ledger: LedgerFile; readonly spool: AlertSpool };
  readonly key: PublicKey;
  readonly link: HubLink | null;
}

/** What `GET /v1/status` answers. */
export function statusOf({ node, engine, hub, hubUrl, activation, stores, key, link }: StatusSources): AgentStatus {
  const standing = activation.standing();
  const set = standing.kind === "ready" ? standing.set : null;
  const { nowMs, source } = stores.clock.now();
  return {
    node,
    engine,
    hub: {
      ...{ id: hub, url: hubUrl?.() ?? null, link: link?.state().phase ?? "none" },
      says: link?.state().hubSays ?? null,
    },
    standing: standing.kind,
    rejection:
      standing.kind === "rejected" ? { reason: standing.rejection.reason, detail: standing.rejection.detail } : null,
    freshUntilMs: set?.freshUntilMs ?? null,
    generation: set?.signed.desired.generation ?? null,
    contracts: (standing.kind === "ready" ? (inForceIn(standing)?.set.contracts ?? []) : []).map(
      ({ contract, version, digest, mode }) => ({
        contract,
        version,
        digest,
        mode,
      }),
    ),
    station: set?.register?.station ?? null,
    key: { keyId: key.keyId, publicHex: key.publicHex },
    clock: { nowMs, source },
    alerts: { epoch: stores.spool.epoch(), lastSeq: stores.spool.lastSeq(), ackedSeq: stores.spool.ackedSeq() },
    ledger: stores.ledger.head(),
  };
}
