import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { performance } from "node:perf_hooks";
import { TIME_ROUND_TRIP_MAX_MS } from "../model/limits.ts";

/** Where instants come from. Every one is epoch or monotonic milliseconds, whole where it is an instant. */
export interface TimeSources {
  readonly wallMs: () => number;
  /** Within this process; for round trips. */
  readonly monotonicMs: () => number;
  /** Since the machine started, suspended time included; a wall clock that is set does not move it. */
  readonly bootMs: () => number;
  /** Which start of the machine `bootMs` counts from. */
  readonly bootId: string;
}

export interface Moment {
  readonly nowMs: number;
  readonly source: "wall" | "attested";
  /** What the wall clock would show had it run evenly since the agent started. */
  readonly evenMs: number;
}

/** The agent's time: signed hub time carried forward by the boot clock, else the wall clock. Source: distribution.md "Time". */
export interface AgentClock {
  readonly now: () => Moment;
  readonly attest: (attestation: Attestation) => void;
  readonly attestation: () => Attestation | null;
  readonly sources: TimeSources;
}

/** At `bootMs` of the machine's start `bootId` it was `timeMs`, said the hub. */
export interface Attestation {
  readonly bootId: string;
  readonly bootMs: number;
  readonly timeMs: number;
}

export function systemTime(): TimeSources {
  const monotonicMs = (): number => performance.now();
  return {
    wallMs: () => Date.now(),
    monotonicMs,
    bootMs: keptUptime(() => Math.round(uptime() * 1000), monotonicMs),
    bootId: bootIdentity(),
  };
}

/** The system tells its uptime in hundredths of a second: asked more often it says the same, and each time costs a file read. */
const UPTIME_KEPT_MS = 5;

/** A sleep of the machine in between is missed for those milliseconds of waking, as by an answer that was on its way. */
export function keptUptime(uptimeMs: () => number, monotonicMs: () => number): () => number {
  let kept = Number.NaN;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = monotonicMs();
    if (nowMs - askedAtMs < UPTIME_KEPT_MS) return kept;
    kept = uptimeMs();
    askedAtMs = nowMs;
    return kept;
  };
}

/** Where the system names no boot, every process counts as one: an attestation then does not outlive the agent. */
function bootIdentity(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return `process ${process.pid} at ${Math.round(performance.timeOrigin)}`;
  }
}

/** @param kept the last attestation on the disk; it counts only within the same start of the machine */
export function openAgentClock(sources: TimeSources, kept: Attestation | null): AgentClock {
  const valid = (attestation: Attestation | null): boolean =>
    attestation !== null && attestation.bootId === sources.bootId && attestation.bootMs <= sources.bootMs();
  let current = valid(kept) ? kept : null;
  let latestMs = Number.NEGATIVE_INFINITY;
  const start = { wallMs: sources.wallMs(), bootMs: sources.bootMs() };
  return {
    now: () => {
      const bootMs = sources.bootMs();
      const evenMs = start.wallMs + (bootMs - start.bootMs);
      if (current === null) {
        // The first signature may say less than the wall clock did, too: what began a moment before it must not begin after.
        latestMs = Math.trunc(sources.wallMs());
        return { nowMs: latestMs, source: "wall", evenMs };
      }
      const signedMs = Math.trunc(current.timeMs + (bootMs - current.bootMs));
      // A later signature may say a little less, by what its way took: time then stands still until it is made up, so that of two
      // readings the one that was taken later never looks like the earlier one.
      const isHeld = signedMs < latestMs && latestMs - signedMs <= TIME_ROUND_TRIP_MAX_MS;
      const nowMs = isHeld ? latestMs : signedMs;
      latestMs = nowMs;
      return { nowMs, source: "attested", evenMs: nowMs };
    },
    attest: (attestation) => {
      if (valid(attestation)) current = attestation;
    },
    attestation: () => current,
    sources,
  };
}
