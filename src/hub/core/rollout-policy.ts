import { parseInstant, parseTimeOfDay } from "../../base/civil-time.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Activation } from "../../model/message.ts";

/** How a version reaches its nodes. Source: distribution.md "Rollouts"; the words are hawkBit's where it has one. */
export interface RolloutPolicy {
  /** `10%`, `3`, `node:LP-01`, `station:LP-01`, `type:penetrant`, `attribute:line-a`, `zone:America/Chicago`, in their order. */
  readonly waves: readonly string[];
  /** Of a wave's nodes that can be reached: how many must have succeeded before it soaks. 1 to 100. */
  readonly successPercent: number;
  /** Of a wave's nodes: more failures than this are a breach. 0 to 100; 0 lets none pass. */
  readonly errorPercent: number;
  /** How long a wave must have been good before the next one opens. */
  readonly soakMs: number;
  /** `revert`: nodes with an earlier version go back to it by themselves. */
  readonly onBreach: "pause" | "revert";
  /** `shadow`: decided and logged beside what is enforced, without a say. */
  readonly mode: "enforce" | "shadow";
  /** When a node that has the bytes may swap them in. */
  readonly activation: Activation;
  /** Nothing is opened before a person starts it. */
  readonly held: boolean;
}

/** What a domain has before anybody says otherwise: all nodes at once, and somebody looks when one in ten fails. */
export const DEFAULT_POLICY: RolloutPolicy = {
  waves: ["100%"],
  successPercent: 100,
  errorPercent: 10,
  soakMs: 0,
  onBreach: "pause",
  mode: "enforce",
  activation: { notBefore: null, window: null, idleOnly: false },
  held: false,
};

export type WaveSpec =
  | { readonly kind: "percent"; readonly upTo: number }
  | { readonly kind: "count"; readonly nodes: number }
  | { readonly kind: "label"; readonly label: WaveLabel; readonly value: string };

export const WAVE_LABELS = ["node", "station", "type", "attribute", "zone"] as const;
export type WaveLabel = (typeof WAVE_LABELS)[number];

/** Reads one wave's words. The error is a sentence. */
export function parseWave(text: string): Result<WaveSpec, string> {
  const percent = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text)?.[1];
  if (percent !== undefined) {
    const upTo = Number(percent);
    return upTo > 0 && upTo <= 100
      ? ok({ kind: "percent", upTo })
      : fail(`${text}: a share is above 0 % and at most 100 %`);
  }
  if (/^\d{1,6}$/.test(text)) {
    return Number(text) > 0
      ? ok({ kind: "count", nodes: Number(text) })
      : fail(`${text}: a wave has at least one node`);
  }
  const [, name, value] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  const label = WAVE_LABELS.find((one) => one === name);
  if (label !== undefined && value !== undefined) return ok({ kind: "label", label, value });
  return fail(`"${text}" is no wave; write 10%, 3, or one of ${WAVE_LABELS.map((one) => `${one}:NAME`).join(", ")}`);
}

const RANGES = [
  ["successPercent", 1, 100],
  ["errorPercent", 0, 100],
] as const;
const isTimeOfDay = (text: string): boolean => parseTimeOfDay(text) !== undefined;

/** What is wrong with a policy, in sentences; empty where nothing is. */
export function policyMistakes(policy: RolloutPolicy): readonly string[] {
  const mistakes: string[] = [];
  if (policy.waves.length === 0) mistakes.push("a rollout has at least one wave");
  let upTo = 0;
  for (const text of policy.waves) {
    const wave = parseWave(text);
    if (!wave.ok) mistakes.push(wave.error);
    else if (wave.value.kind === "percent") {
      if (wave.value.upTo <= upTo) mistakes.push(`${text}: shares are counted together, it must be above ${upTo}%`);
      upTo = wave.value.upTo;
    }
  }
  for (const [name, least, most] of RANGES) {
    const value = policy[name];
    if (!(value >= least && value <= most)) mistakes.push(`${name} is between ${least} and ${most}, not ${value}`);
  }
  if (!(Number.isSafeInteger(policy.soakMs) && policy.soakMs >= 0))
    mistakes.push("soakMs is a whole number of milliseconds");
  const { notBefore, window } = policy.activation;
  if (notBefore !== null && parseInstant(notBefore) === undefined)
    mistakes.push(`notBefore: "${notBefore}" is no time, write 2026-12-01T22:00:00Z`);
  if (window !== null && !(isTimeOfDay(window.from) && isTimeOfDay(window.to)))
    mistakes.push(`window: "${window.from}" to "${window.to}" are no two times of day, write 22:00`);
  else if (window !== null && window.from === window.to) mistakes.push("window: it never opens");
  return mistakes;
}
