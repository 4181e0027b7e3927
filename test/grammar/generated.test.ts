import { expect, test } from "vitest";
import { staleFiles } from "../../grammar/generate.ts";

// A stale file is written anew by `node grammar/generate.ts`.
test("no generated file is stale", () => expect(staleFiles().map(({ file }) => file)).toEqual([]));
