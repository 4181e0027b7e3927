import { parseInstant, parseTimeOfDay } from "../../base/civil-time.ts";
import type { ContractId } from "../../model/ids.ts";
import type { Activation, DesiredContract } from "../../model/message.ts";

/** What decides whether a set's contracts may take over now. */
export interface ScheduleMoment {
  readonly nowMs: number;
  /** Minutes since midnight of the plant's wall clock; null where its zone is not known. */
  readonly plantMinute: number | null;
  readonly testsRun: boolean;
}

type Contracts = { readonly [contract: ContractId]: DesiredContract };

/**
 * The contracts of a set that would be other ones than those in force. What is in force already waits for nothing: a new hour
 * for it must not open a gap.
 */
export const changedContracts = (next: Contracts, inForce: Contracts): readonly DesiredContract[] =>
  Object.entries(next).flatMap(([contract, wanted]) => {
    const before = Object.hasOwn(inForce, contract) ? inForce[contract] : undefined;
    const isSame = before?.digest === wanted.digest && before.mode === wanted.mode && before.from === wanted.from;
    return isSame ? [] : [wanted];
  });

/** Whether all of them may take over: a set swaps as a whole, so that the last of its conditions decides. */
export const mayTakeOver = (changed: readonly DesiredContract[], moment: ScheduleMoment): boolean =>
  changed.every(({ activation }) => activation === undefined || isDue(activation, moment));

/** What cannot be read never comes: the older version goes on, and the hub sees `scheduled`. */
function isDue({ notBefore, window, idleOnly }: Activation, { nowMs, plantMinute, testsRun }: ScheduleMoment): boolean {
  if (idleOnly && testsRun) return false;
  if (notBefore !== null && nowMs < (parseInstant(notBefore) ?? Number.POSITIVE_INFINITY)) return false;
  if (window === null) return true;
  const [from, to] = [parseTimeOfDay(window.from), parseTimeOfDay(window.to)];
  if (plantMinute === null || from === undefined || to === undefined) return false;
  // A window over midnight: 22:00 to 06:00.
  return from <= to ? plantMinute >= from && plantMinute < to : plantMinute >= from || plantMinute < to;
}
