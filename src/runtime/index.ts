export { type BundleRefusal, loadBundle, loadCompiledBundle } from "./bundle-guard.ts";
export { type BundleTestResult, runBundleTests, type TestProblem, type ZoneOf } from "./bundle-tests.ts";
export { blockedDecision, type DecideInput, decide, decideFast, verdictFast } from "./decide.ts";
export { sentenceOf } from "./explain.ts";
export { type Finding, finding } from "./facts/part.ts";
export { type Gate, type GateAnswer, type GateOptions, openGate, TestBlocked } from "./gate.ts";
export type { AlertSink, Clock, EvidenceStore, Journal, TestRequest, TestResult, TestRuns } from "./ports.ts";
export type { LoadedBundle } from "./program.ts";
export { indexReleases, type Release, type ReleaseIndex } from "./selection.ts";
