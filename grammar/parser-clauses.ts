import type { AttributeGuard, Clause, Freshness, Limit, LimitWord, Name, PeriodWord, Text } from "./ast.ts";
import { clauseNode, type Modifier, type Predicate, type Prefix, type Subject } from "./clause-node.ts";
import type { MaintToken } from "./lexer.ts";
import { isGrouping, Mistake, named, spanOf } from "./mistakes.ts";
import { AmountRules } from "./parser-amounts.ts";
import {
  Article,
  Colon,
  Comma,
  EndOfFile,
  type keyword,
  periodWords,
  RCurly,
  reserved,
  TextToken,
  Word,
} from "./tokens.ts";

const NUMBER_WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const MODIFIER_WORDS = new Set(["warn", "with", "may", "approved", "guarded", "settled", "used", "never", "whichever"]);
const LIMIT_WORDS = "`at least`, `at most`, `more than`, `less than` or `between`";

/** `[for order "…",] [when X is ATTRIBUTE,] [period,] subject must|should predicate {, modifier} [because "…"]` */
export abstract class ClauseRules extends AmountRules {
  readonly period = this.RULE("period", (): Freshness => {
    const first = this.peek();
    return this.OR({
      DEF: [
        { ALT: (): Freshness => this.eachPeriod(first) },
        {
          ALT: (): Freshness => {
            this.reservedWord("every");
            const interval = this.SUBRULE(this.amount);
            return this.ACTION((): Freshness => {
              const span = this.spanFrom(first);
              const lone = interval.kind === "quantity" && interval.impliedOne ? interval.unit?.text : undefined;
              const period = periodWords.find((word) => word === lone);
              return period === undefined ? { kind: "every", interval, span } : { kind: "period", period, span };
            });
          },
        },
        {
          ALT: (): Freshness => {
            this.word("from");
            this.OPTION(() => this.CONSUME(Article));
            this.word("latest");
            this.word("readings");
            return { kind: "latest", span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: "a period",
    });
  });

  private eachPeriod(first: MaintToken): Freshness {
    this.reservedWord("each");
    const period = this.OR1({
      DEF: periodWords.map((word) => ({ ALT: (): string => this.word(word).image })),
      ERR_MSG: "`day`, `shift`, `week`, `month` or `quarter`",
    });
    return { kind: "period", period: period as PeriodWord, span: this.spanFrom(first) };
  }

  readonly attributeGuard = this.RULE("attributeGuard", (): AttributeGuard => {
    const first = this.reservedWord("when");
    const equipment = this.SUBRULE(this.articledName);
    this.word("is");
    const attribute = this.nameNode();
    return { kind: "attribute-guard", equipment, attribute, span: this.spanFrom(first) };
  });

  readonly prefix = this.RULE("prefix", (): Prefix => {
    const found: { order: Text | null; attribute: AttributeGuard | null; freshness: Freshness | null } = {
      order: null,
      attribute: null,
      freshness: null,
    };
    this.MANY({
      GATE: () => !this.isWord("from") || this.isWord("latest", this.pastArticle(2)),
      DEF: () => {
        const first = this.peek();
        this.OR([
          {
            ALT: () => {
              this.reservedWord("for");
              this.word("order");
              const order = this.textNode();
              this.ACTION(() => this.once(found.order, first));
              found.order = order;
            },
          },
          {
            ALT: () => {
              const attribute = this.SUBRULE(this.attributeGuard);
              this.ACTION(() => this.once(found.attribute, first));
              found.attribute = attribute;
            },
          },
          {
            ALT: () => {
              const freshness = this.SUBRULE(this.period);
              this.ACTION(() => this.once(found.freshness, first));
              found.freshness = freshness;
            },
          },
        ]);
        this.prefixComma(first);
      },
    });
    return found;
  });

  private once(earlier: unknown, token: MaintToken): void {
    if (earlier !== null) this.fail("the subject of the clause", "each of these stands once before the subject", token);
  }

  private prefixComma(first: MaintToken): void {
    this.ACTION(() => {
      if (this.isAt(Comma)) return;
      const end = this.spanFrom(first).end;
      const words = this.source.slice(first.startOffset, end).replace(/\s+/g, " ");
      throw new Mistake({
        code: "syntax",
        message: `expected a comma behind \`${words}\`, found ${named(this.peek())}`,
        span: spanOf(this.peek()),
        help: `write \`${words}, …\``,
        fix: { span: { start: end, end }, text: "," },
      });
    });
    this.CONSUME(Comma);
  }

  readonly subject = this.RULE("subject", (): Subject => {
    this.OPTION(() => this.CONSUME(Article));
    const isCount = this.ACTION(() => this.isWord("people", 2)) ?? false;
    const name = this.nameNode(this.isReserved("must", 2) || this.isReserved("should", 2) ? "role" : "name");
    this.OPTION1({ GATE: () => isCount, DEF: () => this.word("people") });
    const count = this.ACTION(() => (isCount ? this.countOf(name) : null)) ?? null;
    const readWith = this.OPTION2((): Name => {
      this.word("read");
      this.reservedWord("with");
      return this.SUBRULE(this.articledName);
    });
    return { name, count, readWith: readWith ?? null };
  });

  private countOf(name: Name): number {
    const index = NUMBER_WORDS.indexOf(name.text);
    if (index >= 0) return index + 2;
    throw new Mistake({
      code: "syntax",
      message: `expected a number word from \`two\` to \`ten\`, found \`${name.text}\``,
      span: name.span,
    });
  }

  readonly limit = this.RULE("limit", (): Limit => {
    const first = this.peek();
    return this.OR({
      DEF: [
        {
          ALT: (): Limit => {
            this.reservedWord("at");
            const word = this.OR1({
              DEF: [{ ALT: () => this.word("least").image }, { ALT: () => this.word("most").image }],
              ERR_MSG: "`least` or `most`",
            });
            return this.oneSided(`at ${word}` as LimitWord, first);
          },
        },
        {
          ALT: (): Limit => {
            this.word("more");
            this.word("than");
            return this.oneSided("more than", first);
          },
        },
        {
          ALT: (): Limit => {
            this.word("less");
            this.word("than");
            return this.oneSided("less than", first);
          },
        },
        {
          ALT: (): Limit => {
            this.word("between");
            const low = this.SUBRULE(this.amount);
            this.word("and");
            const high = this.SUBRULE1(this.amount);
            return { kind: "between", low, high, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: LIMIT_WORDS,
    });
  });

  private oneSided(word: LimitWord, first: MaintToken): Limit {
    const value = this.SUBRULE(this.amount);
    return { kind: "one-sided", word, value, span: this.spanFrom(first) };
  }

  readonly predicate = this.RULE(
    "predicate",
    (): Predicate =>
      this.OR({
        DEF: [
          {
            ALT: (): Predicate => {
              this.word("be");
              return this.SUBRULE(this.bePredicate);
            },
          },
          {
            ALT: (): Predicate => {
              this.word("have");
              this.word("been");
              this.word("on");
              this.reservedWord("for");
              this.reservedWord("at");
              this.word("least");
              return { kind: "warm-up", atLeast: this.SUBRULE(this.amount) };
            },
          },
          { ALT: (): Predicate => this.SUBRULE(this.notHaveBeen) },
          {
            ALT: (): Predicate => {
              this.word("acknowledge");
              return { kind: "acknowledgement", step: this.textNode() };
            },
          },
        ],
        ERR_MSG: '`be …`, `have been on for at least …`, `not have been …` or `acknowledge "…"`',
      }),
  );

  readonly notHaveBeen = this.RULE("notHaveBeen", (): Predicate => {
    this.word("not");
    this.word("have");
    this.word("been");
    const events: Name[] = [this.nameNode()];
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(Comma) }, { ALT: () => this.word("or") }]);
      events.push(this.nameNode());
    });
    this.word("since");
    this.word("its");
    this.word("calibration");
    return { kind: "events", events };
  });

  readonly bePredicate = this.RULE(
    "bePredicate",
    (): Predicate =>
      this.OR({
        DEF: [
          { ALT: (): Predicate => this.calibrated() },
          {
            ALT: (): Predicate => {
              this.word("serviced");
              this.reservedWord("every");
              return { kind: "use", every: this.SUBRULE(this.amount) };
            },
          },
          {
            ALT: (): Predicate => {
              this.word("in");
              this.word("service");
              return { kind: "service-state" };
            },
          },
          {
            ALT: (): Predicate => {
              this.word("checked");
              return this.SUBRULE(this.checkedPredicate);
            },
          },
          {
            ALT: (): Predicate => {
              this.word("within");
              this.word("its");
              this.word("shelf");
              this.word("life");
              return { kind: "shelf-life" };
            },
          },
          { ALT: (): Predicate => ({ kind: "reading", limit: this.SUBRULE(this.limit) }) },
        ],
        ERR_MSG: `${LIMIT_WORDS}, or \`calibrated\`, \`serviced\`, \`in service\`, \`checked\`, \`within its shelf life\``,
      }),
  );

  private calibrated(): Predicate {
    this.word("calibrated");
    this.reservedWord("every");
    const every = [this.SUBRULE1(this.amount)];
    this.OPTION(() => {
      this.word("or");
      every.push(this.SUBRULE2(this.amount));
      this.CONSUME(Comma);
      this.word("whichever");
      this.word("comes");
      this.word("first");
    });
    return { kind: "calibration", every };
  }

  readonly checkedPredicate = this.RULE(
    "checkedPredicate",
    (): Predicate =>
      this.OR({
        DEF: [
          {
            ALT: (): Predicate => {
              this.word("before");
              this.word("and");
              this.word("after");
              this.reservedWord("each");
              this.word("use");
              return { kind: "before-and-after-use" };
            },
          },
          {
            ALT: (): Predicate => {
              this.CONSUME(Colon);
              const items = [this.textNode()];
              this.MANY({
                GATE: () => this.isAt(TextToken, 2),
                DEF: () => {
                  this.CONSUME(Comma);
                  items.push(this.textNode());
                },
              });
              return { kind: "check-list", items };
            },
          },
        ],
        ERR_MSG: '`before and after each use`, or `:` and what to check, each in "quotes"',
      }),
  );

  readonly modifier = this.RULE("modifier", (): Modifier => {
    const token = this.peek();
    return this.OR({
      DEF: [
        {
          ALT: (): Modifier => {
            this.word("warn");
            const amount = this.SUBRULE(this.amount);
            this.word("before");
            return { kind: "warn", amount, token };
          },
        },
        { ALT: (): Modifier => this.SUBRULE(this.withModifier) },
        {
          ALT: (): Modifier => {
            this.words("may", "be", "extended", "by");
            this.reservedWord("at");
            this.word("most");
            const atMost = this.SUBRULE1(this.amount);
            return { kind: "extension", atMost, token, span: this.spanFrom(token) };
          },
        },
        {
          ALT: (): Modifier => {
            this.words("approved", "by");
            const roles = [this.SUBRULE(this.articledRole)];
            this.MANY(() => {
              this.word("or");
              roles.push(this.SUBRULE1(this.articledRole));
            });
            return { kind: "approved", roles, token, span: this.spanFrom(token) };
          },
        },
        {
          ALT: (): Modifier => {
            this.words("guarded", "by");
            return { kind: "guarded", amount: this.SUBRULE2(this.amount), token };
          },
        },
        {
          ALT: (): Modifier => {
            this.word("settled");
            this.reservedWord("for");
            this.reservedWord("at");
            this.word("least");
            return { kind: "settled", amount: this.SUBRULE3(this.amount), token };
          },
        },
        {
          ALT: (): Modifier => {
            this.words("used", "within");
            const amount = this.SUBRULE4(this.amount);
            this.words("of", "opening");
            return { kind: "opened", amount, token };
          },
        },
        {
          ALT: (): Modifier => {
            this.words("never", "overridable");
            return { kind: "never-overridable", token };
          },
        },
      ],
      ERR_MSG: "a modifier such as `warn … before`, `guarded by …` or `never overridable`",
    });
  });

  readonly withModifier = this.RULE("withModifier", (): Modifier => {
    const token = this.reservedWord("with");
    return this.OR({
      DEF: [
        {
          ALT: (): Modifier => {
            this.reservedWord("each");
            this.words("reference", "standard", "calibrated", "within");
            const amount = this.SUBRULE(this.amount);
            this.words("of", "its", "use");
            return { kind: "references", amount, token };
          },
        },
        {
          ALT: (): Modifier => {
            this.words("enough", "left");
            this.reservedWord("for");
            this.OPTION(() => this.CONSUME(Article));
            this.words("whole", "test");
            return { kind: "enough-left", token };
          },
        },
      ],
      ERR_MSG: "`each reference standard …` or `enough left for the whole test`",
    });
  });

  protected words(...list: readonly (keyof typeof keyword)[]): void {
    for (const word of list) this.word(word);
  }

  readonly clause = this.RULE("clause", (): Clause => {
    const first = this.peek();
    const prefix = this.SUBRULE(this.prefix);
    const subject = this.SUBRULE(this.subject);
    const strictness = this.OR({
      DEF: [{ ALT: () => this.reservedWord("must").image }, { ALT: () => this.reservedWord("should").image }],
      ERR_MSG: "`must` or `should`",
    }) as "must" | "should";
    const predicate = this.SUBRULE(this.predicate);
    const modifiers: Modifier[] = [];
    this.MANY(() =>
      this.OR1([
        {
          ALT: () => {
            const comma = this.CONSUME(Comma) as MaintToken;
            this.ACTION(() => this.refuseGrouping(comma));
            modifiers.push(this.SUBRULE(this.modifier));
          },
        },
        {
          ALT: () => {
            const token = this.reservedWord("because");
            modifiers.push({ kind: "because", text: this.textNode(), token });
          },
        },
      ]),
    );
    return this.ACTION(() => {
      this.endOfClause();
      return clauseNode({ span: this.spanFrom(first), prefix, subject, strictness, predicate, modifiers });
    });
  });

  private refuseGrouping(comma: MaintToken): void {
    const before = (this.input as MaintToken[])[comma.index - 1];
    if (before !== undefined && isGrouping(before, this.peek())) {
      this.fail("a modifier", "numbers have no commas inside: write 1000", this.peek());
    }
  }

  /** What follows a clause begins something new; anything else still belongs to it and breaks it. */
  private endOfClause(): void {
    const next = this.peek();
    if (this.isAt(EndOfFile) || this.isAt(RCurly) || this.isClauseStart() || this.isConditionStart()) return;
    if (this.isFileItemStart() || (next.lineStart && this.isMemberStart())) return;
    if (MODIFIER_WORDS.has(next.image))
      this.fail("the end of the clause", `a modifier stands behind a comma: \`, ${next.image} …\``);
    const joins = next.image === "and" || next.image === "or";
    const opens = this.isAt(Word) || this.isAt(Article) || Object.values(reserved).some((type) => this.isAt(type));
    if (next.lineStart && opens && !joins) return;
    this.fail("the end of the clause");
  }
}
