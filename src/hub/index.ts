export type { HistoryEntry } from "./contracts/contract-records.ts";
export type { ValidationOutcome } from "./contracts/contract-service.ts";
export type { HubTls } from "./http/server.ts";
export { createHub, type Hub, type HubOptions } from "./hub.ts";
export type { HubServices } from "./hub-services.ts";
export { type OidcOptions, oidcOptionsIn } from "./people/oidc-options.ts";
export type { Principal } from "./ports.ts";
export type { Deployment } from "./rollout/deployments.ts";
export type { FloorCounts, FloorStatus, StationStatus } from "./standing/floor-status.ts";
