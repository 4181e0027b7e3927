import type { EvidenceStore } from "./evidence-port.ts";

/** More answers than this are forgotten at once: a station asks for a few dozen. */
const MAX_ANSWERS = 10_000;

/**
 * Remembers what a store answered until something is added: a gate asks the same few dozen questions at every decision, and
 * evidence is recorded far less often. Looks back in time are not remembered.
 */
export function rememberAnswers(store: EvidenceStore): EvidenceStore {
  const answers = new Map<string, unknown>();
  const remembered = <T>(question: readonly unknown[], ask: () => T): T => {
    const key = JSON.stringify(question);
    const known = answers.get(key);
    // Nothing is an answer too: most items were never used by any test.
    if (known !== undefined || answers.has(key)) return known as T;
    const answer = ask();
    if (answers.size >= MAX_ANSWERS) answers.clear();
    answers.set(key, answer);
    return answer;
  };
  return {
    ...store,
    add: (records) => {
      // Before and after: an addition that fails half-way must not leave an answer from in between.
      answers.clear();
      store.add(records);
      answers.clear();
    },
    latest: (kind, subject, limit, untilMs) =>
      untilMs === undefined
        ? remembered(["latest", kind, subject, limit], () => store.latest(kind, subject, limit))
        : store.latest(kind, subject, limit, untilMs),
    latestOf: (kind, subject, word, limit, untilMs) =>
      untilMs === undefined
        ? remembered(["latestOf", kind, subject, word, limit], () => store.latestOf(kind, subject, word, limit))
        : store.latestOf(kind, subject, word, limit, untilMs),
    highest: (asset, counter, exceptId, untilMs) =>
      untilMs === undefined
        ? remembered(["highest", asset, counter, exceptId], () => store.highest(asset, counter, exceptId))
        : store.highest(asset, counter, exceptId, untilMs),
    lastUse: (asset, untilMs) =>
      untilMs === undefined
        ? remembered(["lastUse", asset], () => store.lastUse(asset))
        : store.lastUse(asset, untilMs),
    words: (kind, subject) => remembered(["words", kind, subject], () => store.words(kind, subject)),
    subjects: (kind) => remembered(["subjects", kind], () => store.subjects(kind)),
  };
}
