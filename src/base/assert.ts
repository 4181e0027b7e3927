/** Our own mistakes. Stays on in production; in the gate it blocks a test, it never allows one. */
export class AssertionFailed extends Error {
  readonly code = "MAINT_ERR_ASSERTION";
}

/**
 * States what must hold. `why` is a sentence for the person who reads the crash.
 * @throws AssertionFailed when `condition` is false
 */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new AssertionFailed(why);
}
