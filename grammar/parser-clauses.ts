import type { AttributeGuard, Clause, Freshness, Limit, LimitWord, Name, PeriodWord } from "./ast.ts";
import { clauseNode, type Modifier, type Predicate, type Prefix, type Subject } from "./clause-node.ts";
import type { MaintToken } from "./lexer.ts";
import { isGrouping, Mistake, named, spanOf } from "./mistakes.ts";
import { ModifierRules } from "./parser-modifiers.ts";
import {
  Article,
  Colon,
  Comma,
  EndOfFile,
  modifierWords,
  periodWords,
  QuantityToken,
  RCurly,
  reserved,
  TextToken,
  Word,
} from "./tokens.ts";

const NUMBER_WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const LIMIT_WORDS = "`at least`, `at most`, `more than`, `less than` or `between`";

/** `[for order "…",] [when X is ATTRIBUTE,] [period,] subject must|should predicate {, modifier} [because "…"]` */
export abstract class ClauseRules extends ModifierRules {
  // The forms of the rules that every clause runs through are made once: made at each call, they are a tenth of the time.
  private readonly periodForms = {
    DEF: [
      { ALT: (): Freshness => this.eachPeriod() },
      { ALT: (): Freshness => this.everyInterval() },
      {
        ALT: (): Freshness => {
          const first = this.word("from");
          this.OPTION(() => this.CONSUME(Article));
          this.word("latest");
          this.word("readings");
          return { kind: "latest", span: this.spanFrom(first) };
        },
      },
    ],
    ERR_MSG: "a period",
  };
  private readonly periodWordForms = {
    DEF: periodWords.map((word) => ({ ALT: (): string => this.word(word).image })),
    ERR_MSG: "`day`, `shift`, `week`, `month` or `quarter`",
  };

  readonly period = this.rule("period", (): Freshness => this.OR(this.periodForms));

  private eachPeriod(): Freshness {
    const first = this.reservedWord("each");
    const period = this.OR1(this.periodWordForms);
    return { kind: "period", period: period as PeriodWord, span: this.spanFrom(first) };
  }

  private everyInterval(): Freshness {
    const first = this.reservedWord("every");
    const interval = this.SUBRULE(this.amount);
    return this.ACTION((): Freshness => {
      const span = this.spanFrom(first);
      const lone = interval.kind === "quantity" && interval.impliedOne ? interval.unit?.text : undefined;
      const period = periodWords.find((word) => word === lone);
      return period === undefined ? { kind: "every", interval, span } : { kind: "period", period, span };
    });
  }

  readonly attributeGuard = this.rule("attributeGuard", (): AttributeGuard => {
    const first = this.reservedWord("when");
    const equipment = this.SUBRULE(this.articledName);
    this.word("is");
    const attribute = this.nameNode();
    return { kind: "attribute-guard", equipment, attribute, span: this.spanFrom(first) };
  });

  /** What the prefix at hand has so far; prefixes do not nest. */
  private parts: { -readonly [part in keyof Prefix]: Prefix[part] } = noPrefix();
  private readonly prefixForms = [
    {
      ALT: () => {
        const first = this.reservedWord("for");
        this.word("order");
        const order = this.textNode();
        this.ACTION(() => this.once(this.parts.order, first));
        this.parts.order = order;
        return first;
      },
    },
    {
      ALT: () => {
        const first = this.peek();
        const attribute = this.SUBRULE(this.attributeGuard);
        this.ACTION(() => this.once(this.parts.attribute, first));
        this.parts.attribute = attribute;
        return first;
      },
    },
    {
      ALT: () => {
        const first = this.peek();
        const freshness = this.SUBRULE(this.period);
        this.ACTION(() => this.once(this.parts.freshness, first));
        this.parts.freshness = freshness;
        return first;
      },
    },
  ];
  private readonly prefixParts = {
    GATE: () => !this.isWord("from") || this.isWord("latest", this.pastArticle(2)),
    DEF: () => this.prefixComma(this.OR(this.prefixForms)),
  };

  readonly prefix = this.rule("prefix", (): Prefix => {
    this.parts = noPrefix();
    this.MANY(this.prefixParts);
    return this.parts;
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
        fix: { span: { start: end, end: this.isAt(Colon) ? spanOf(this.peek()).end : end }, text: "," },
      });
    });
    this.CONSUME(Comma);
  }

  readonly subject = this.rule("subject", (): Subject => {
    this.OPTION(() => this.CONSUME(Article));
    const isCount = this.ACTION(() => this.peopleAhead()) ?? false;
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

  /** `2 people` is known, and refused with the word for it. */
  private peopleAhead(): boolean {
    const next = this.peek();
    const word = NUMBER_WORDS[Number(next.image) - 2];
    if (next.tokenType === QuantityToken && word !== undefined && this.isWord("people", 2)) {
      this.fail("a number word", "a count of people is a word", next, { span: spanOf(next), text: word });
    }
    return this.isWord("people", 2);
  }

  private countOf(name: Name): number {
    const index = NUMBER_WORDS.indexOf(name.text);
    if (index >= 0) return index + 2;
    throw new Mistake({
      code: "syntax",
      message: `expected a number word from \`two\` to \`ten\`, found \`${name.text}\``,
      span: name.span,
    });
  }

  private readonly limitForms = {
    DEF: [
      {
        ALT: (): Limit => {
          const first = this.reservedWord("at");
          const word = this.OR1(this.leastOrMost);
          return this.oneSided(`at ${word}` as LimitWord, first);
        },
      },
      {
        ALT: (): Limit => {
          const first = this.word("more");
          this.word("than");
          return this.oneSided("more than", first);
        },
      },
      {
        ALT: (): Limit => {
          const first = this.word("less");
          this.word("than");
          return this.oneSided("less than", first);
        },
      },
      {
        ALT: (): Limit => {
          const first = this.word("between");
          const low = this.SUBRULE(this.amount);
          this.word("and");
          const high = this.SUBRULE1(this.amount);
          return { kind: "between", low, high, span: this.spanFrom(first) };
        },
      },
    ],
    ERR_MSG: LIMIT_WORDS,
  };
  private readonly leastOrMost = {
    DEF: [{ ALT: () => this.word("least").image }, { ALT: () => this.word("most").image }],
    ERR_MSG: "`least` or `most`",
  };

  readonly limit = this.rule("limit", (): Limit => this.OR(this.limitForms));

  private oneSided(word: LimitWord, first: MaintToken): Limit {
    this.ACTION(() => {
      if (this.isWord("or")) this.fail("a number with its unit");
    });
    const value = this.SUBRULE(this.amount);
    return { kind: "one-sided", word, value, span: this.spanFrom(first) };
  }

  private readonly predicateForms = {
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
  };
  readonly predicate = this.rule("predicate", (): Predicate => this.OR(this.predicateForms));

  readonly notHaveBeen = this.rule("notHaveBeen", (): Predicate => {
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

  private readonly beForms = {
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
  };
  readonly bePredicate = this.rule("bePredicate", (): Predicate => this.OR(this.beForms));

  private calibrated(): Predicate {
    this.word("calibrated");
    this.reservedWord("every");
    const every = [this.SUBRULE1(this.amount)];
    this.OPTION(() => {
      this.word("or");
      every.push(this.SUBRULE2(this.amount));
      this.ACTION(() => this.refuseLostWhichever());
      this.CONSUME(Comma);
      this.word("whichever");
      this.word("comes");
      this.word("first");
    });
    return { kind: "calibration", every };
  }

  private refuseLostWhichever(): void {
    const last = this.tokens[this.peek().index - 1];
    if (last === undefined || this.isAt(Comma) || this.isWord("whichever")) return;
    const { end } = spanOf(last);
    const text = ", whichever comes first";
    this.fail("`, whichever comes first`", "of two intervals the shorter counts, and the clause says so", last, {
      span: { start: end, end },
      text,
    });
  }

  private readonly checkedForms = {
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
  };
  readonly checkedPredicate = this.rule("checkedPredicate", (): Predicate => this.OR(this.checkedForms));

  private readonly mustOrShould = {
    DEF: [{ ALT: () => this.reservedWord("must").image }, { ALT: () => this.reservedWord("should").image }],
    ERR_MSG: "`must` or `should`",
  };
  /** Of the clause at hand; clauses do not nest. */
  private modifiers: Modifier[] = [];
  private readonly additionForms = [
    {
      ALT: () => {
        const comma = this.CONSUME(Comma) as MaintToken;
        this.ACTION(() => this.refuseGrouping(comma));
        this.modifiers.push(this.SUBRULE(this.modifier));
      },
    },
    {
      ALT: () => {
        const token = this.reservedWord("because");
        this.modifiers.push({ kind: "because", text: this.textNode(), token });
      },
    },
  ];
  private readonly addition = () => this.OR1(this.additionForms);

  readonly clause = this.rule("clause", (): Clause => {
    const first = this.peek();
    const prefix = this.SUBRULE(this.prefix);
    const subject = this.SUBRULE(this.subject);
    this.ACTION(() => this.refuseSplitName(first));
    const strictness = this.OR(this.mustOrShould) as "must" | "should";
    const predicate = this.SUBRULE(this.predicate);
    this.modifiers = [];
    this.MANY(this.addition);
    return this.ACTION(() => {
      this.endOfClause();
      const { modifiers } = this;
      return clauseNode({ span: this.spanFrom(first), prefix, subject, strictness, predicate, modifiers });
    });
  });

  /** `light meter must …`, and a condition's name that has lost its `:`. */
  private refuseSplitName(first: MaintToken): void {
    const next = this.peek();
    const last = this.tokens[next.index - 1];
    if (last?.tokenType === undefined || this.isReserved("must") || this.isReserved("should")) return;
    const end = spanOf(last).end;
    if (last === first && first.lineStart && next.lineStart) {
      const fix = { span: { start: end, end }, text: ":" };
      this.fail("the `:` of a condition's name, or `must`", "a condition's name ends with `:`", last, fix);
    }
    const joined = `${last.image}-${next.image}`;
    const isName = this.isAt(Word) && (this.isReserved("must", 2) || this.isReserved("should", 2));
    if (!isName || next.lineStart || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(joined)) return;
    const fix = { span: { start: end, end: next.startOffset }, text: "-" };
    this.fail("`must` or `should`", `a name of several words is joined by hyphens: \`${joined}\``, next, fix);
  }

  private refuseGrouping(comma: MaintToken): void {
    const before = this.tokens[comma.index - 1];
    if (before === undefined || !isGrouping(before, this.peek())) return;
    this.fail("a modifier", "numbers have no commas inside", this.peek(), { span: spanOf(comma), text: "" });
  }

  /** What follows a clause begins something new; anything else still belongs to it and breaks it. */
  private endOfClause(): void {
    const next = this.peek();
    if (this.isAt(EndOfFile) || this.isAt(RCurly) || this.isClauseStart() || this.isConditionStart()) return;
    if (this.isFileItemStart() || (next.lineStart && this.isMemberStart())) return;
    this.refuseTail(next);
    const joins = next.image === "and" || next.image === "or";
    const opens = this.isAt(Word) || this.isAt(Article) || Object.values(reserved).some((type) => this.isAt(type));
    if (next.lineStart && opens && !joins) return;
    this.fail("the end of the clause");
  }

  /** The mistakes that show behind a clause and are certain. */
  private refuseTail(next: MaintToken): void {
    const last = this.tokens[next.index - 1];
    if (last === undefined) return;
    const { end } = spanOf(last);
    const behind = { start: end, end };
    const where = "the end of the clause";
    if (modifierWords.has(next.image)) {
      const help = `a modifier stands behind a comma: \`, ${next.image} …\``;
      this.fail(where, help, next, { span: behind, text: "," });
    }
    if (next.image === "and" && this.modifiers.at(-1)?.kind === "approved") {
      const help = "one of them approves: write `or`; two approvals are no extension";
      this.fail(where, help, next, { span: spanOf(next), text: "or" });
    }
    if (last.tokenType === QuantityToken && last.unitStart < 0) this.refuseFarUnit(last, next);
    if (NUMBER_WORDS.includes(last.image) && !next.lineStart) {
      const text = String(NUMBER_WORDS.indexOf(last.image) + 2);
      this.fail("a number with its unit", "numbers are written in digits", last, { span: spanOf(last), text });
    }
    const plural = this.tokens.slice(next.index, next.index + 3).map(({ image }) => image);
    if (plural.join("") === "(s)") {
      const span = { start: next.startOffset, end: next.startOffset + 3 };
      this.fail(where, "write `1 month` or `12 months`", next, { span, text: /^1\D/.test(last.image) ? "" : "s" });
    }
  }

  /** A bare number at its line's end and a unit on the next, or digits in groups. */
  private refuseFarUnit(number: MaintToken, next: MaintToken): void {
    const span = { start: spanOf(number).end, end: next.startOffset };
    if (next.lineStart && !this.isAt(Article)) {
      this.fail("a unit on the number's own line", "a unit stands on the same line as its number", next, {
        span,
        text: " ",
      });
    }
    if (isGrouping(number, next)) this.fail("a unit", "numbers have no blanks inside", next, { span, text: "" });
  }
}

const noPrefix = (): { -readonly [part in keyof Prefix]: Prefix[part] } => ({
  order: null,
  attribute: null,
  freshness: null,
});
