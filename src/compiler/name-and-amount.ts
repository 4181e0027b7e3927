import type { Amount, DateWord, Moment, Name, TimeWord, Unit as UnitWord } from "../../grammar/ast.ts";
import type { AmountUse, Want } from "./amounts.ts";
import { type Body, type DeclaredKind, unitOfQuantity } from "./body.ts";

/** A name that must be declared, as one of some kinds. `role` says what for: `to be calibrated`. */
export interface NameUse {
  readonly name: Name;
  readonly wants: readonly DeclaredKind[];
  readonly role: string;
}

/** Everything in a clause, declaration or statement that a check has to look up or to measure. */
export interface Uses {
  readonly names: readonly NameUse[];
  readonly amounts: readonly AmountUse[];
  readonly dates: readonly DateWord[];
  readonly times: readonly TimeWord[];
}

export const none: Uses = { names: [], amounts: [], dates: [], times: [] };
export const duration: Want = { kind: "duration" };
export const elapsed: Want = { kind: "elapsed" };
export const durationOrCycles: Want = { kind: "duration-or-cycles" };
export const equipment = (name: Name, role: string): NameUse => ({ name, wants: ["equipment"], role });
export const quantity = (name: Name, role: string): NameUse => ({ name, wants: ["measured", "difference"], role });
export const amount = (one: Amount | null, want: Want, borrowed: UnitWord | null = null): AmountUse[] =>
  one === null ? [] : [{ amount: one, want, borrowed }];
export const moment = ({ date, time }: Moment): Partial<Uses> => ({
  dates: date === null ? [] : [date],
  times: [time],
});

export const measured = (body: Body, name: string, notNegative = false): Want => ({
  kind: "measured",
  unit: unitOfQuantity(body, name),
  of: name,
  notNegative,
});

/** In `between A and B` a missing unit is the other end's. */
export const ends = (low: Amount, high: Amount, want: Want, otherwise: UnitWord | null = null): AmountUse[] => {
  const unit = (one: Amount): UnitWord | null => (one.kind === "quantity" ? one.unit : null);
  return [...amount(low, want, unit(high) ?? otherwise), ...amount(high, want, unit(low) ?? otherwise)];
};
