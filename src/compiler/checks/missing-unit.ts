import { unitWordOf, wordsOfWant } from "../amounts.ts";
import type { ThingCheck } from "../check-context.ts";
import { isQuantity } from "../uses.ts";

/** A number of which nobody knows what it counts. */
export const missingUnit: ThingCheck = (_, { uses, at }) =>
  uses.amounts.flatMap((use) => {
    const { amount, want } = use;
    if (!isQuantity(amount) || unitWordOf(use) !== null) return [];
    const place = at(amount.span);
    if (want.kind !== "measured") {
      return [{ place, message: `\`${amount.number}\` has no unit: ${wordsOfWant[want.kind]} is needed` }];
    }
    const unit = want.unit?.symbol;
    const message = `\`${amount.number}\` has no unit`;
    if (unit === undefined) return [{ place, message, help: "write the unit behind the number" }];
    const text = `${amount.number} ${unit}`;
    return [
      {
        place,
        message: `${message}; \`${want.of}\` is measured in ${unit}`,
        help: `write \`${text}\``,
        fix: { place, text, title: `write \`${text}\`` },
      },
    ];
  });
