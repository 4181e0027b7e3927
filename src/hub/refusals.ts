import { editDistance } from "../base/edit-distance.ts";
import { MaintError } from "../base/maint-error.ts";

/** The hub's answers to a request it will not do. The HTTP side turns the code into a status, the command line into an exit code. */

const refusal =
  (code: `MAINT_ERR_${string}`) =>
  (message: string, help?: string): MaintError =>
    new MaintError(code, message, { exitCode: 2, ...(help === undefined ? {} : { help }) });

export const badRequest = refusal("MAINT_ERR_BAD_REQUEST");
export const unauthorized = refusal("MAINT_ERR_UNAUTHORIZED");
export const forbidden = refusal("MAINT_ERR_FORBIDDEN");
export const notFound = refusal("MAINT_ERR_NOT_FOUND");
/** The request is well formed and does not fit the state things are in. */
export const conflict = refusal("MAINT_ERR_CONFLICT");
export const tooLarge = refusal("MAINT_ERR_TOO_LARGE");

/** What a person mistyped most likely: up to three of `known`, nearest first, by edit distance of at most a third. */
export function nearest(asked: string, known: readonly string[]): readonly string[] {
  const limit = Math.max(2, Math.ceil(asked.length / 3));
  // Texts differ by no less than their lengths do: what is asked may be as long as a URL, and the hub may know ten thousand nodes.
  const alike = known.filter((name) => Math.abs(name.length - asked.length) <= limit);
  return alike
    .map((name) => ({ name, distance: editDistance(asked.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** `there is no contract "X"`, with the nearest ones as help. `what` is the noun: contract, node, proposal. */
export function unknownId(what: string, asked: string, known: readonly string[]): MaintError {
  const near = nearest(asked, known);
  return notFound(`there is no ${what} "${asked}"`, near.length > 0 ? `did you mean ${near.join(" or ")}?` : undefined);
}
