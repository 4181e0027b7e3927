/** One timer for all sessions: ten thousand of Node's own would cost more than what they wait for. */
export interface TimerWheel {
  /** Calls `act` once after at least `delayMs` and at most two slots more. Answers what cancels it. */
  readonly after: (delayMs: number, act: () => void) => () => void;
  readonly stop: () => void;
}

const SLOT_MS = 100;
const SLOTS = 512;

interface Entry {
  rounds: number;
  readonly act: () => void;
}

/** The one timer runs only while something waits. An `act` that throws ends the process, as in any timer. */
export function createTimerWheel(slotMs = SLOT_MS): TimerWheel {
  const slots = Array.from({ length: SLOTS }, () => new Set<Entry>());
  let at = 0;
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const turn = (): void => {
    at = (at + 1) % SLOTS;
    const slot = slots[at] ?? new Set();
    for (const entry of slot) {
      if (entry.rounds > 0) {
        entry.rounds -= 1;
        continue;
      }
      slot.delete(entry);
      count -= 1;
      entry.act();
    }
    if (count === 0) stop();
  };
  return {
    after(delayMs, act) {
      const steps = Math.max(1, Math.ceil(delayMs / slotMs) + 1);
      const slot = slots[(at + steps) % SLOTS] ?? new Set();
      const entry: Entry = { rounds: Math.floor((steps - 1) / SLOTS), act };
      slot.add(entry);
      count += 1;
      timer ??= setInterval(turn, slotMs);
      return () => {
        if (slot.delete(entry)) count -= 1;
      };
    },
    stop,
  };
}
