import { isName } from "../model/ids.ts";
import { MAX_NAME_LENGTH } from "../model/limits.ts";

/** Words that no name may be. Source: language.md "Lexical". */
const RESERVED: ReadonlySet<string> = new Set([
  ...["each", "every", "at", "the", "a", "an", "must", "should", "because", "for", "when", "with", "version"],
]);
/** Words that a name may be, but that read as something else where it opens a line. */
const AWKWARD: ReadonlySet<string> = new Set([
  ...["from", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "operator"],
  ...["before", "following", "test", "contract", "template"],
]);

/** A name the source gives that can stand as it is. */
export const isFreeName = (text: string): boolean => isName(text) && !RESERVED.has(text);

/** What a checklist says before it says what. */
const OPENING =
  /^(?:measure|verify|validate|ensure|confirm|record|check|inspect|make sure|that|you are|the|all|any|an?)\s+/i;
/** Where a quantity's own name ends. */
const NAME_ENDS =
  /\s+(?:at|in|on|with|from|was|were|is|are|must|should|shall|between|using|for|to|before|after)\s|[,;:.≥≤<>=]/i;
const CLAUSE_ENDS = /[,;:.]\s/;
/** A name that was cut does not end in one of these. */
const DANGLING = /(?:-(?:a|an|and|are|at|by|for|from|in|is|of|on|or|the|this|to|with))+$/;
const SHORT = 40;

/** Control, bidirectional and other invisible characters, which the language refuses. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const BREAKS = /\s*[\t\n\v\f\r]\s*/g;

/** One line of text that the language takes. */
export const visible = (text: string): string => text.replace(BREAKS, " ").replace(HIDDEN, "").trim();

/** Whether `visible` leaves out something that is no line break. */
export const hidesSomething = (text: string): boolean => text.replace(BREAKS, " ").search(HIDDEN) >= 0;

/** A text of the language; its lines stay lines. */
export function quoted(text: string): string {
  const lines = text.split(/\r\n|[\n\r]/).map(visible);
  return `"${lines
    .map((line) => line.replace(/[\\"]/g, "\\$&"))
    .join("\n")
    .trim()
    .replaceAll("\n", "\\n")}"`;
}

function withoutOpening(text: string): string {
  let rest = visible(text);
  for (let shorter = rest.replace(OPENING, ""); shorter !== rest; shorter = rest.replace(OPENING, "")) rest = shorter;
  return rest;
}

/** `UV intensity` of "Measure UV intensity at 15 inches from part area". */
export function nameOfQuantity(text: string): string {
  const rest = withoutOpening(text);
  const [head = rest] = rest.split(NAME_ENDS, 1);
  return head.trim() === "" ? rest : head;
}

/** The first words of what a step asks. */
export function nameOfStep(text: string): string {
  const rest = withoutOpening(text);
  return rest.split(CLAUSE_ENDS, 1)[0] ?? rest;
}

/** A kebab-case name out of any text; `otherwise` where no letter is left. */
export function kebab(text: string, otherwise: string): string {
  if (isFreeName(text) && !AWKWARD.has(text)) return text;
  const plain = text.normalize("NFKD").replace(/[µμ]/g, "u").toLowerCase();
  const words = plain
    .replace(/\p{M}/gu, "")
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  let name = "";
  for (const word of words) {
    const longer = name === "" ? word.slice(0, SHORT) : `${name}-${word}`;
    if (longer.length > SHORT) break;
    name = longer;
  }
  name = name.replace(DANGLING, "");
  if (name === "") return otherwise;
  if (RESERVED.has(name) || AWKWARD.has(name) || /^[0-9]/.test(name)) return `step-${name}`;
  return name;
}

/** Names that are taken once; the second `lamp` is `lamp-2`. */
export class Names {
  readonly #taken = new Set<string>();

  fresh(name: string): string {
    let free = name;
    for (let count = 2; this.#taken.has(free); count += 1) {
      const ending = `-${count}`;
      free = `${name.slice(0, MAX_NAME_LENGTH - ending.length).replace(/-+$/, "")}${ending}`;
    }
    this.#taken.add(free);
    return free;
  }
}
