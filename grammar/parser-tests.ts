import type { ExpectReason, Name, Quantity, TestStatement, Text } from "./ast.ts";
import type { MaintToken } from "./lexer.ts";
import { spanOf } from "./mistakes.ts";
import { ClauseRules } from "./parser-clauses.ts";
import { Article, Comma, type Keyword, TextToken, Word, ZoneToken } from "./tokens.ts";

/** The statements inside `test "…" { … }`. */
export abstract class TestRules extends ClauseRules {
  readonly testStatement = this.rule("testStatement", (): TestStatement => {
    const first = this.peek();
    return this.OR({
      DEF: [
        { ALT: (): TestStatement => this.SUBRULE(this.testAt) },
        { ALT: (): TestStatement => this.SUBRULE(this.testAcknowledged) },
        { GATE: () => this.isWord("start", 2), ALT: (): TestStatement => this.testShifts(first) },
        { GATE: () => this.isWord("facts", 2), ALT: (): TestStatement => this.testGiven(first) },
        { GATE: () => !this.isSubject(1), ALT: (): TestStatement => this.SUBRULE(this.testExpect) },
        { ALT: (): TestStatement => this.SUBRULE(this.testFact) },
      ],
      ERR_MSG: "a fact (`NAME reads …`, `NAME was calibrated on …`) or `expect …`",
    });
  });

  /** Whether the word at `ahead` is a subject: an equipment may be called `expect`. */
  private isSubject(ahead: number): boolean {
    return ["is", "was", "has", "reads", "expires"].includes(this.peek(ahead + 1).image);
  }

  private testShifts(first: MaintToken): TestStatement {
    this.words("shifts", "start");
    this.reservedWord("at");
    const times = [this.timeNode()];
    this.MANY1(() => {
      this.CONSUME1(Comma);
      times.push(this.timeNode());
    });
    return { kind: "test-shifts", times, span: this.spanFrom(first) };
  }

  private testGiven(first: MaintToken): TestStatement {
    this.words("given", "facts");
    const file = this.textNode();
    return { kind: "test-given", file, span: this.spanFrom(first) };
  }

  readonly testAt = this.rule("testAt", (): TestStatement => {
    const first = this.reservedWord("at");
    const date = this.dateNode();
    const time = this.timeNode();
    this.word("in");
    const zone = this.OR({
      DEF: [{ ALT: () => this.take(ZoneToken) }, { ALT: () => this.take(Word) }],
      ERR_MSG: "a time zone such as America/Chicago",
    });
    return this.ACTION(() => {
      const zoneNode = { kind: "zone" as const, text: zone.image, span: spanOf(zone) };
      return { kind: "test-at", date, time, zone: zoneNode, span: this.spanFrom(first) };
    });
  });

  readonly testAcknowledged = this.rule("testAcknowledged", (): TestStatement => {
    const first = this.peek();
    const step = this.textNode();
    this.words("was", "acknowledged", "by");
    const by = this.textNode();
    const role = this.OPTION(() => {
      this.word("as");
      return this.SUBRULE(this.articledRole);
    });
    this.reservedWord("at");
    const at = this.SUBRULE(this.moment);
    return { kind: "test-acknowledged", step, by, role: role ?? null, at, span: this.spanFrom(first) };
  });

  readonly testExpect = this.rule("testExpect", (): TestStatement => {
    const first = this.word("expect");
    return this.OR({
      DEF: [
        {
          ALT: (): TestStatement => {
            this.word("allowed");
            return { kind: "expect-allowed", span: this.spanFrom(first) };
          },
        },
        {
          ALT: (): TestStatement => {
            this.word("blocked");
            const by: Name[] = [];
            this.OPTION(() => {
              this.word("by");
              by.push(this.nameNode());
              this.MANY(() => {
                this.CONSUME(Comma);
                by.push(this.nameNode());
              });
            });
            return { kind: "expect-blocked", by, span: this.spanFrom(first) };
          },
        },
        {
          ALT: (): TestStatement => {
            this.word("reason");
            return this.expectReason("reason", first);
          },
        },
        {
          ALT: (): TestStatement => {
            this.word("warning");
            return this.expectReason("warning", first);
          },
        },
      ],
      ERR_MSG: "`allowed`, `blocked by …`, `reason …` or `warning …`",
    });
  });

  private expectReason(level: "reason" | "warning", first: MaintToken): ExpectReason {
    const code = this.reasonNode();
    this.word("of");
    const subject = this.SUBRULE(this.nameOrText);
    return { kind: "expect-reason", level, code, subject, span: this.spanFrom(first) };
  }

  readonly nameOrText = this.rule("nameOrText", (): Name | Text =>
    this.OR({
      DEF: [{ ALT: (): Name | Text => this.textNode() }, { ALT: (): Name | Text => this.SUBRULE(this.articledName) }],
      ERR_MSG: "a name",
    }),
  );

  /** `NAME is|was|has|reads|expires …` */
  readonly testFact = this.rule("testFact", (): TestStatement => {
    const first = this.peek();
    const subject = this.SUBRULE(this.articledName);
    return this.OR({
      DEF: [
        { ALT: (): TestStatement => this.SUBRULE(this.factIs, { ARGS: [subject, first] }) },
        { ALT: (): TestStatement => this.SUBRULE(this.factWas, { ARGS: [subject, first] }) },
        { ALT: (): TestStatement => this.SUBRULE(this.factHas, { ARGS: [subject, first] }) },
        { ALT: (): TestStatement => this.SUBRULE(this.factReads, { ARGS: [subject, first] }) },
        { ALT: (): TestStatement => this.SUBRULE(this.factExpires, { ARGS: [subject, first] }) },
      ],
      ERR_MSG: "`reads`, `was`, `has`, `is` or `expires`",
    });
  });

  readonly factIs = this.rule("factIs", (subject: Name, first: MaintToken): TestStatement => {
    this.word("is");
    const isOf = (name: string): boolean => subject.text === name;
    return this.OR({
      DEF: [
        {
          ALT: (): TestStatement => {
            const text = this.textNode();
            return this.ACTION((): TestStatement => {
              const span = this.spanFrom(first);
              if (isOf("operator")) return { kind: "test-operator", operator: text, span };
              if (isOf("order")) return { kind: "test-order", order: text, span };
              return this.fail(
                "`in service`, `out of service`, `locked out` or an attribute",
                undefined,
                (this.input as MaintToken[])[this.peek().index - 1],
              );
            });
          },
        },
        {
          GATE: () => this.isWord("service", 2),
          ALT: () => this.service("in service", subject, first, "in", "service"),
        },
        {
          GATE: () => this.isWord("of", 2),
          ALT: () => this.service("out of service", subject, first, "out", "of", "service"),
        },
        { GATE: () => this.isWord("out", 2), ALT: () => this.service("locked out", subject, first, "locked", "out") },
        {
          GATE: () => isOf("test") && this.isReserved("for", 2),
          ALT: (): TestStatement => {
            this.word("planned");
            this.reservedWord("for");
            const amount = this.SUBRULE(this.quantity);
            return { kind: "test-planned", amount, span: this.spanFrom(first) };
          },
        },
        {
          ALT: (): TestStatement => {
            this.ACTION(() => {
              const takesText = isOf("operator") || isOf("order");
              if (takesText && /[^a-z0-9-]/.test(this.peek().image)) this.fail('a text in "quotes"');
            });
            const attribute = this.nameNode();
            return { kind: "test-attribute", subject, attribute, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: "`in service`, `out of service`, `locked out` or an attribute",
    });
  });

  private service(
    state: "in service" | "out of service" | "locked out",
    subject: Name,
    first: MaintToken,
    ...words: readonly [Keyword, ...Keyword[]]
  ): TestStatement {
    this.words(...words);
    return { kind: "test-service", subject, state, span: this.spanFrom(first) };
  }

  readonly factWas = this.rule("factWas", (subject: Name, first: MaintToken): TestStatement => {
    this.word("was");
    return this.OR({
      DEF: [
        {
          GATE: () => this.isWord("on", 2) && this.isWord("calibrated"),
          ALT: (): TestStatement => {
            this.words("calibrated", "on");
            const on = this.dateNode();
            const result = this.result();
            return { kind: "test-calibrated", subject, on, result, span: this.spanFrom(first) };
          },
        },
        {
          GATE: () => this.isWord("by", 2),
          ALT: (): TestStatement => {
            this.words("checked", "by");
            const by = this.textNode();
            this.reservedWord("at");
            const at = this.SUBRULE(this.moment);
            const result = this.result();
            return { kind: "test-checked", subject, by, at, result, span: this.spanFrom(first) };
          },
        },
        {
          GATE: () => this.isWord("used", 2),
          ALT: (): TestStatement => {
            this.words("last", "used", "until");
            const until = this.SUBRULE1(this.moment);
            return { kind: "test-used", subject, until, span: this.spanFrom(first) };
          },
        },
        {
          ALT: (): TestStatement => {
            const event = this.nameNode();
            this.word("on");
            const on = this.dateNode();
            return { kind: "test-event", subject, event, on, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: "`calibrated on …`, `checked by …`, `last used until …` or an event such as `dropped on …`",
    });
  });

  private result(): Name {
    this.reservedWord("with");
    this.word("result");
    return this.nameNode();
  }

  readonly factHas = this.rule("factHas", (subject: Name, first: MaintToken): TestStatement => {
    this.word("has");
    return this.OR({
      DEF: [
        {
          ALT: (): TestStatement => {
            this.words("been", "on");
            this.reservedWord("for");
            const duration = this.SUBRULE(this.quantity);
            return { kind: "test-on", subject, duration, span: this.spanFrom(first) };
          },
        },
        {
          ALT: (): TestStatement => {
            this.word("run");
            const amount = this.SUBRULE1(this.quantity);
            this.words("since", "its");
            const since = this.OR1({
              DEF: [{ ALT: () => this.word("service").image }, { ALT: () => this.word("calibration").image }],
              ERR_MSG: "`service` or `calibration`",
            }) as "service" | "calibration";
            return { kind: "test-use", subject, amount, since, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: "`been on for …` or `run … since its service`",
    });
  });

  readonly factReads = this.rule("factReads", (subject: Name, first: MaintToken): TestStatement => {
    this.word("reads");
    const value = this.SUBRULE(this.quantity);
    this.reservedWord("at");
    const at = this.SUBRULE(this.moment);
    const readWith = this.OPTION((): Name => {
      this.reservedWord("with");
      return this.SUBRULE(this.articledName);
    });
    const settledFor = this.OPTION1((): Quantity => {
      this.word("settled");
      this.reservedWord("for");
      return this.SUBRULE1(this.quantity);
    });
    const span = this.spanFrom(first);
    return { kind: "test-reads", subject, value, at, readWith: readWith ?? null, settledFor: settledFor ?? null, span };
  });

  readonly factExpires = this.rule("factExpires", (subject: Name, first: MaintToken): TestStatement => {
    this.words("expires", "on");
    const expires = this.dateNode();
    const opened = this.OPTION(() => {
      this.CONSUME(Comma);
      this.words("opened", "on");
      return this.dateNode();
    });
    return { kind: "test-lot", subject, expires, opened: opened ?? null, span: this.spanFrom(first) };
  });

  protected testHeader(first: MaintToken): { title: Text; of: Name | null; first: MaintToken } {
    this.word("test");
    const title = this.textNode();
    const of = this.OPTION(() => {
      this.word("of");
      return this.nameNode("contract id");
    });
    return { title, of: of ?? null, first };
  }

  protected isTestStatementStart(): boolean {
    if (!this.peek().lineStart) return false;
    return this.isReserved("at") || this.isAt(TextToken) || this.isAt(Article) || this.isAt(Word);
  }
}
