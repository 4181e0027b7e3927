import { AssertionFailed } from "./assert.ts";

/** The end of a switch over a `kind`: tsc refuses the call while a kind is left unhandled. */
export function exhaustive(value: never): never {
  throw new AssertionFailed(`unhandled kind: ${JSON.stringify(value)}`);
}
