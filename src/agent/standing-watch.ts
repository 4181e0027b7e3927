import { canonicalJson } from "../base/canonical-json.ts";
import { MaintError } from "../base/maint-error.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import type { Decision } from "../model/decision.ts";
import {
  MAX_STANDING_CODES,
  MAX_STANDING_DUE,
  MAX_STANDING_KINDS,
  MAX_STANDING_TEXT,
  STANDING_DAYS,
  STANDING_INTERVAL_MS,
  STANDING_REFRESH_MS,
} from "../model/limits.ts";
import type { Standing, StandingDue, StandingTest } from "../model/message.ts";
import type { DueItem } from "../runtime/index.ts";
import type { Activation } from "./activation.ts";
import type { AgentClock } from "./agent-clock.ts";
import type { GateService } from "./gate-service.ts";

/** Looks how the station stands when something was written down or time has passed, and says it where it changed. */
export interface StandingWatch {
  /** Nobody knows what was said: say it again. */
  readonly forget: () => void;
  readonly stop: () => void;
}

export interface WatchOptions {
  readonly gate: Pick<GateService, "preview" | "due">;
  /** Who acknowledged last: some clauses ask for the operator's own word. */
  readonly operator: () => string | null;
  readonly clock: AgentClock;
  readonly ledger: Pick<LedgerFile, "head">;
  readonly activation: Pick<Activation, "standing">;
  /** False where nobody heard it. */
  readonly say: (standing: Standing) => boolean;
  readonly onFault: (error: unknown) => void;
}

const DAY_MS = 86_400_000;

export function openStandingWatch(options: WatchOptions): StandingWatch {
  const { clock, ledger, say, onFault } = options;
  let said: string | null = null;
  let lookedAt = { size: -1, atMs: Number.NEGATIVE_INFINITY };
  let busy = false;
  let stopped = false;
  const look = async (): Promise<void> => {
    const now = { size: ledger.head().size, atMs: clock.sources.monotonicMs() };
    // Whatever a gate decides by is written in the ledger, and so is every change of the releases.
    if (said !== null && now.size === lookedAt.size && now.atMs - lookedAt.atMs < STANDING_REFRESH_MS) return;
    lookedAt = now;
    const standing = await standingNow(options);
    const words = canonicalJson({ ...standing, atMs: 0 });
    if (!stopped && words !== said && say(standing)) said = words;
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch(onFault)
      .finally(() => {
        busy = false;
      });
  }, STANDING_INTERVAL_MS);
  timer.unref();
  return {
    forget: () => {
      said = null;
    },
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}

/** By the node's own gate, as a preview: nothing is written, nothing is allowed by it. */
export async function standingNow({
  gate,
  clock,
  activation,
  ...who
}: Pick<WatchOptions, "gate" | "clock" | "activation" | "operator">): Promise<Standing> {
  const operator = who.operator();
  const tests: StandingTest[] = [];
  for (const kind of kindsIn(activation)) {
    const planned = { hours: null, cycles: null };
    tests.push(testOf(kind, await gate.preview({ test: null, kind, order: null, part: null, planned }, operator)));
  }
  const atMs = clock.now().nowMs;
  return { atMs, operator, tests, due: dueOf(gate) };
}

/** The kinds of test that contracts name; the nameless one where they name none. */
function kindsIn({ standing }: Pick<Activation, "standing">): readonly (string | null)[] {
  const now = standing();
  const contracts = now.kind === "ready" ? now.set.contracts : [];
  const named = contracts.flatMap(({ bundle }) => bundle.conditions.flatMap(({ testKind }) => testKind ?? []));
  const kinds = [...new Set(named)].sort().slice(0, MAX_STANDING_KINDS);
  return kinds.length === 0 ? [null] : kinds;
}

const cut = (text: string): string =>
  text.length <= MAX_STANDING_TEXT ? text : `${text.slice(0, MAX_STANDING_TEXT - 1)}…`;

function testOf(kind: string | null, { allow, reasons, warnings, getToGreen }: Decision): StandingTest {
  const toDo = getToGreen[0]?.text;
  return {
    ...{ kind, allow, reasons: reasons.slice(0, MAX_STANDING_CODES), warnings: warnings.slice(0, MAX_STANDING_CODES) },
    toDo: toDo === undefined ? null : cut(toDo),
  };
}

function dueOf(gate: Pick<GateService, "due">): readonly StandingDue[] {
  let items: readonly DueItem[];
  try {
    items = gate.due(null, null, STANDING_DAYS * DAY_MS);
  } catch (error) {
    // Nothing is in force, or the span holds too many instants: what may be tested now is said all the same.
    if (error instanceof MaintError || error instanceof RangeError) return [];
    throw error;
  }
  return items
    .filter(({ routine }) => !routine)
    .slice(0, MAX_STANDING_DUE)
    .map(({ code, subject, severity, fromMs, from, holdsAlready, text, contract, condition, remedy }) => ({
      ...{ code, subject, severity, fromMs, from, holdsAlready, contract, condition, text: cut(text) },
      toDo: remedy === null ? null : cut(remedy.text),
      who: remedy === null ? null : remedy.who.slice(0, MAX_STANDING_TEXT),
    }));
}
