import type { DecidedThere } from "../hub/archive/archive-desk.ts";

/** Control characters in what people wrote must not steer a terminal. */
export const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ");

/** One archived decision. */
export const shownDecision = ({ node, seq, at, test, order, part, allow, reasons }: DecidedThere): string =>
  plain(
    [
      `${node} #${seq}  ${at}  ${test ?? "no test"}  ${allow ? "allowed" : "blocked"}`,
      ...(order === null ? [] : [`order ${order}`]),
      ...(part === null ? [] : [`part ${part}`]),
      ...(reasons.length === 0 ? [] : [reasons.join(", ")]),
    ].join("  "),
  );
