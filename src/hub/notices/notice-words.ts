import { printUtc } from "../../base/civil-time.ts";
import type { Message } from "./notice.ts";

/** Control characters in what a node said must steer neither a terminal nor a mail's head. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ");
const MAX_SUBJECT = 150;

/** `HIGH LP-01: uv-intensity is 940 uW/cm2`, one line. */
export function subjectOf({ kind, alerts, body }: Message): string {
  const severity = body.severity.toUpperCase();
  const said = kind === "repeat" ? `${alerts} more: ${body.text}` : body.text;
  const place = body.node === null ? "" : ` ${body.node}`;
  const line = plain(`${severity}${place}: ${said}`);
  return line.length > MAX_SUBJECT ? `${line.slice(0, MAX_SUBJECT - 1)}…` : line;
}

/** Why it comes, in a sentence. */
export function reasonOf({ kind, role, alerts, body, atMs }: Message): string {
  const { count, sinceMs } = body;
  const since = sinceMs === null ? "" : ` in ${span(atMs - sinceMs)}`;
  switch (kind) {
    case "first":
      return `You are told as ${role}.`;
    case "worse":
      return `It got worse; you are told as ${role}.`;
    case "escalation":
      return `Nobody has acknowledged it${since}; you are told as ${role}.`;
    case "repeat":
      return `${alerts} more${since}, ${count} in all, and nobody has acknowledged it; you are told as ${role}.`;
    case "summary":
      return `${body.partCount ?? 0} notices about ${alerts} alerts were due at once; you are told as ${role}.`;
    case "trial":
      return "A trial: nothing is wrong, somebody wanted to see whether this arrives.";
  }
}

export function linesOf(message: Message): readonly string[] {
  const { body, atMs, hub, id } = message;
  const facts: readonly (readonly [string, string | null])[] = [
    ["node", body.node],
    ["station", body.station],
    ["contract", body.contract],
    ["condition", body.condition],
    ["reason", body.reason],
    ["alert", body.alert === null ? null : `${body.alert} of ${body.incident ?? ""}`],
  ];
  return [
    body.text,
    "",
    reasonOf(message),
    "",
    ...facts.flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`])),
    ...(body.parts ?? []).map((part) => `- ${part}`),
    ...((body.partCount ?? 0) > (body.parts?.length ?? 0)
      ? [`and ${(body.partCount ?? 0) - (body.parts?.length ?? 0)} further ones: maint alert list --state open`]
      : []),
    ...(body.alert === null ? [] : ["", `To acknowledge: maint alert ack ${body.alert} --note "what was done"`]),
    "",
    `${printUtc(atMs)}, ${hub}, ${id}`,
  ].map(plain);
}

function span(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
