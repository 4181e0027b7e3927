import type { SessionEffect, SessionEvent } from "../core/session.ts";
import type { SessionPorts } from "./session-ports.ts";

/** What a node hands in to be kept: it is answered when it is on the disk. */
export function durably(
  effect: SessionEffect & { readonly kind: "take-report" | "commit-alerts" | "take-log" },
  ports: SessionPorts,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  if (effect.kind === "take-report") return takeReport(effect, ports, handle);
  return effect.kind === "take-log" ? takeLog(effect, ports, handle) : commitAlerts(effect, ports, handle);
}

async function takeReport(
  { node, report, re }: SessionEffect & { readonly kind: "take-report" },
  ports: SessionPorts,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const taken = await ports.report(node, report);
  if (!taken.ok) handle({ kind: "report-refused", code: "bad-frame", message: taken.error, re });
}

export async function takeProof(
  { node, name, text, re }: SessionEffect & { readonly kind: "take-proof" },
  ports: SessionPorts,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const taken = await ports.learn(node, name, text);
  if (!taken.ok) handle({ kind: "report-refused", code: "bad-frame", message: taken.error, re });
}

async function commitAlerts(
  { node, batch, plain, re }: SessionEffect & { readonly kind: "commit-alerts" },
  ports: SessionPorts,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const taken = await ports.inbox.receive(node, batch, plain);
  if (taken.ok) handle({ kind: "committed", epoch: batch.epoch, upTo: taken.value.upTo, re });
  else handle({ kind: "not-committed", code: taken.error.code, message: taken.error.message, re });
}

/** Hands a part of a node's ledger on; what is answered was made durable before. */
async function takeLog(
  { node, part, publicHex, re }: SessionEffect & { readonly kind: "take-log" },
  { ledgers }: SessionPorts,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const taken = await ledgers.take(node, part, publicHex);
  if (!taken.ok) handle({ kind: "not-committed", code: "bad-frame", message: taken.error, re });
  else if (taken.value !== undefined) handle({ kind: "logged", logged: taken.value, re });
}
