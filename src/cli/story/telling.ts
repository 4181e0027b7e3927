import { styleText } from "node:util";
import { withProgress } from "./progress.ts";

/** One step of the story as it really went. */
export interface ToldStep {
  readonly step: number;
  readonly title: string;
  readonly happened: boolean;
  /** What was seen: ids, digests, readings, reasons, a line each. */
  readonly facts: readonly string[];
  /** Why it did not happen; null when it did. */
  readonly failure: string | null;
}

/** Says what the step sees while it goes on. */
export type Say = (fact: string) => void;

/** Where the story is told: for people, or a JSON line a step. */
export interface Telling {
  readonly total: number;
  readonly json: boolean;
  readonly out: NodeJS.WriteStream;
  /** Somebody ended the story: what its step still runs into is no failure, and is not told. */
  readonly isCutOff: () => boolean;
}

/**
 * Plays one step and tells it. A step that throws did not happen: the answer says why, and the caller decides whether
 * anything can follow.
 */
export async function tellStep(
  telling: Telling,
  step: number,
  title: string,
  play: (say: Say) => Promise<void>,
): Promise<ToldStep> {
  const facts: string[] = [];
  let failure: string | null = null;
  if (!telling.json) telling.out.write(`\n${bold(telling, `[${step}/${telling.total}] ${title}`)}\n`);
  try {
    await withProgress(title, telling.json ? process.stderr : telling.out, () =>
      play((fact) => {
        facts.push(fact);
        if (!telling.json) telling.out.write(`${telling.out.isTTY ? "\r\u001b[2K" : ""}      ${fact}\n`);
      }),
    );
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    if (!telling.json && !telling.isCutOff()) telling.out.write(`      did not happen: ${failure}\n`);
  }
  const told: ToldStep = { step, title, happened: failure === null, facts, failure };
  if (telling.json && (told.happened || !telling.isCutOff())) telling.out.write(`${JSON.stringify(told)}\n`);
  return told;
}

const bold = ({ out }: Telling, text: string): string => (out.isTTY ? styleText("bold", text) : text);
