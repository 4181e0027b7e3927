import { kebab, Names, quoted, visible } from "./words.ts";
import type { TransferNote, YamlText } from "./yaml-fields.ts";

/** A clause without its condition, as text of the language. */
export interface DraftClause {
  readonly text: string;
  readonly because: string | null;
  /** What a person must decide here. */
  readonly decide: readonly string[];
}

interface Thing {
  readonly name: string;
  /** `is a radiometer, by default "LM-1"` */
  readonly is: string;
  readonly decide: readonly string[];
}

/** A contract that is being put together; `text` prints it, not yet in the one format. */
export class Draft {
  readonly notes: TransferNote[] = [];
  readonly #names = new Names();
  readonly #conditionNames = new Names();
  readonly #things: Thing[] = [];
  /** What the YAML calls an equipment or a material, to its name here. */
  readonly #known = new Map<string, string>();
  readonly #conditions = new Map<string, DraftClause[]>();
  readonly #quantities = new Map<string, { readonly unit: string; readonly range: string }>();
  readonly #readWithAny: string[] = [];
  readonly #steps = new Map<string, number>();
  readonly #head: string[] = [];
  readonly #beforeTests: string[] = [];

  decide(line: number, field: string, message: string): string {
    this.notes.push({ kind: "decide", line, field, message });
    return message;
  }

  /** A decision about the contract as a whole, shown above it. */
  decideAbove(line: number, field: string, message: string): void {
    this.#head.push(this.decide(line, field, message));
  }

  /** A decision about every clause, shown in front of the first. */
  decideForAll(line: number, field: string, message: string): void {
    this.#beforeTests.push(this.decide(line, field, message));
  }

  /** A reading that names no instrument counts whatever it was taken with. */
  readWithAny(quantity: string): void {
    if (!this.#readWithAny.includes(quantity)) this.#readWithAny.push(quantity);
  }

  askForInstruments(line: number): void {
    if (this.#readWithAny.length === 0) return;
    const names = this.#readWithAny.map((name) => `\`${name}\``).join(", ");
    this.decideForAll(line, "instrument", `which instrument reads ${names}? none is named, so any reading counts`);
  }

  declare(called: string, name: string, is: string, decide: readonly string[] = []): string {
    const own = this.#names.fresh(name);
    this.#things.push({ name: own, is, decide });
    if (called !== "") this.#known.set(called, own);
    return own;
  }

  known(called: string): string | undefined {
    return this.#known.get(called);
  }

  /** The equipment a step speaks of: declared already, or declared now under its own name for a person to look at. */
  equipment({ text, line, field }: YamlText): string {
    const called = visible(text);
    const known = this.known(called);
    if (known !== undefined) return known;
    const name = kebab(called, "equipment");
    const decide = this.decide(
      line,
      field,
      `which equipment is ${quoted(called)}? its type is not said, \`${name}\` stands for it`,
    );
    const asset = called === name ? "" : `, by default ${quoted(called)}`;
    return this.declare(called, name, `is a ${name}${asset}`, [decide]);
  }

  material({ text, line, field }: YamlText): string {
    const called = visible(text);
    const known = this.known(called);
    if (known !== undefined) return known;
    const name = kebab(called, "material");
    if (called === name) return this.declare(called, name, "is a material");
    const decide = this.decide(line, field, `which lot is ${quoted(called)}? it stands here as the default`);
    return this.declare(called, name, `is a material, by default ${quoted(called)}`, [decide]);
  }

  /** A second word for what is declared. */
  alias(called: string, name: string): void {
    this.#known.set(called, name);
  }

  /** A quantity the source names, where it stands already in this unit; `range` is what was said of it then. */
  quantity(name: string, unit: string): { readonly range: string } | undefined {
    const known = this.#quantities.get(name);
    return known?.unit === unit ? known : undefined;
  }

  declareQuantity(name: string, unit: string, plausible: string, range: string): string {
    const own = this.declare("", name, `is measured in ${unit}${plausible}`);
    this.#quantities.set(own, { unit, range });
    return own;
  }

  /** The words of an acknowledgement, told apart from those before it: reasons name them. */
  step(words: string): string {
    const count = (this.#steps.get(words) ?? 0) + 1;
    this.#steps.set(words, count);
    return count === 1 ? words : `${words} (${count})`;
  }

  condition(name: string): string {
    const own = this.#conditionNames.fresh(name);
    this.#conditions.set(own, []);
    return own;
  }

  /** A condition that the YAML names itself: further steps of that name join it. */
  namedCondition(name: string): string {
    return this.#conditions.has(name) ? name : this.condition(name);
  }

  add(condition: string, clause: DraftClause): void {
    this.#conditions.get(condition)?.push(clause);
  }

  get clauseCount(): number {
    return [...this.#conditions.values()].reduce((sum, clauses) => sum + clauses.length, 0);
  }

  /** `opening` is `contract ID "title"`, `members` stand in front of the declarations, `doc` above it all. */
  text(opening: string, doc: readonly string[], members: readonly string[]): string {
    const untaken = this.notes.filter(({ kind }) => kind === "not-taken-over").map(({ field }) => visible(field));
    const lines = [
      ...(untaken.length === 0 ? [] : [`// not taken over: ${untaken.join(", ")}`]),
      ...this.#head.map(decideLine),
      ...doc.map((line) => `/// ${visible(line)}`.trimEnd()),
      `${opening} {`,
      ...members,
    ];
    for (const { name, is, decide } of this.#things) lines.push(...decide.map(decideLine), `${name} ${is}`);
    lines.push(...this.#beforeTests.map(decideLine), "before every test {");
    for (const [name, clauses] of this.#conditions) {
      if (clauses.length === 0) continue;
      lines.push(`${name}:`);
      for (const { text, because, decide } of clauses) {
        lines.push(...decide.map(decideLine), text);
        if (because !== null) lines.push(`because ${quoted(because)}`);
      }
    }
    return `${lines.join("\n")}\n}\n}\n`;
  }
}

const decideLine = (message: string): string => `// decide: ${visible(message)}`;
