/** An agent that is busy answers within a quarter of a second; one that is silent for this long counts as gone. */
const ANSWER_TIMEOUT_MS = 4_000;

/** No answer, or none that an agent would give. */
export class NoAnswer extends Error {}

/**
 * Asks the agent that served this page.
 * @returns {Promise<{status: number, body: any}>}
 * @throws NoAnswer
 */
export async function askAgent(token, method, path, body) {
  try {
    const response = await fetch(path, {
      ...{ method, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" },
      headers: { authorization: `Bearer ${token}`, accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  } catch (cause) {
    throw new NoAnswer("The agent does not answer", { cause });
  }
}

/** What an agent's refusal says, with what to do about it. */
export function refusalOf({ status, body }) {
  const { message, help } = body?.error ?? {};
  return { message: message ?? `the agent answered ${status}`, help: help ?? null };
}
