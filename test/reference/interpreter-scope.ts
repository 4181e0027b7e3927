/** Which clauses and conditions a test is asked. Source: decisions.md B16, language.md "Forms". */
import type { Clause } from "../../grammar/ast.ts";
import { assetOf, type ReadContract } from "./interpreter-contract.ts";
import { itemOf, type Situation, testOf, textIn, textsIn } from "./interpreter-evidence.ts";

/** A condition for a kind of test is asked of tests of that kind, and where nobody says what kind it is. */
export function asksKind(testKind: string | null, asked: Situation): boolean {
  const kind = textIn(testOf(asked), "kind");
  return testKind === null || kind === undefined || kind === testKind;
}

/** `for order …` and `when X is …`. An item that no register knows keeps its clause. */
export function applies(contract: ReadContract, { order, attribute }: Clause, asked: Situation): boolean {
  if (order !== null && order.value !== textIn(testOf(asked), "clientPO")) return false;
  if (attribute === null) return true;
  const item = itemOf(asked, assetOf(contract, attribute.equipment.text, asked.snapshot));
  return item === undefined || textsIn(item, "attributes").includes(attribute.attribute.text);
}
