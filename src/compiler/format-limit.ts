import type { Limit, Who } from "../../grammar/ast.ts";
import { amountText, roleText } from "./format-words.ts";

export function limitText(limit: Limit): string {
  if (limit.kind === "between") return `between ${amountText(limit.low)} and ${amountText(limit.high)}`;
  return `${limit.word} ${amountText(limit.value)}`;
}

const numberWords = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

export function whoText(who: Who): string {
  switch (who.kind) {
    case "operator":
      return "the operator";
    case "people":
      return `${numberWords[who.count - 2] ?? who.count} people`;
    case "role":
      return roleText(who.role);
  }
}
