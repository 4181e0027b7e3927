import { expect, test } from "vitest";
import { ebnf } from "../../grammar/ebnf.ts";

// A stale file is written anew by `npx vitest run --project unit test/grammar/ebnf.test.ts -u`.
test("maint.ebnf is what the parser's rules say", async () => {
  await expect(ebnf()).toMatchFileSnapshot("../../grammar/maint.ebnf");
});
