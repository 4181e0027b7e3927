export type { EvidenceKind, EvidenceRecord } from "../model/evidence.ts";
export { type Agent, type AgentOptions, startAgent } from "./agent.ts";
export type { Attestation, Moment, TimeSources } from "./agent-clock.ts";
export type { AgentStatus } from "./agent-routes.ts";
export { type Enrolment, type EnrolRequest, enrolNode, readEnrolment } from "./enrolment.ts";
export { type EvidenceStore, openEvidenceStore } from "./evidence-store.ts";
export { type NodeFolder, nodeFolder } from "./node-folder.ts";
export type { Rejection } from "./rejection.ts";
export { verifyMetadata } from "./verification.ts";
