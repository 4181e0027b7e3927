import type { Amount, DateWord, Moment, Name, Quantity, ReasonCode, Text, TimeWord, Unit } from "./ast.ts";
import type { MaintToken } from "./lexer.ts";
import { Mistake, spanOf } from "./mistakes.ts";
import { ParserBase } from "./parser-base.ts";
import { Article, DateToken, loneUnits, QuantityToken, ReasonCodeToken, TimeToken, UnitToken, Word } from "./tokens.ts";

/** Numbers with units, dates, and names behind articles. */
export abstract class AmountRules extends ParserBase {
  /** `[the] NAME` */
  readonly articledName = this.rule("articledName", (): Name => {
    this.OPTION(() => this.CONSUME(Article));
    return this.nameNode();
  });

  /** `[a] ROLE` */
  readonly articledRole = this.rule("articledRole", (): Name => {
    this.OPTION(() => this.CONSUME(Article));
    return this.nameNode("role");
  });

  /** `12 months`, `month`, or a template's parameter. */
  private readonly amountForms = {
    DEF: [
      { ALT: (): Amount => this.SUBRULE(this.quantity) },
      {
        ALT: (): Amount => {
          this.ACTION(() => this.refuseNextLine());
          const token = this.take(Word);
          return this.ACTION(() => wordAmount(token));
        },
      },
    ],
    ERR_MSG: "a number with its unit",
  };
  readonly amount = this.rule("amount", (): Amount => this.OR(this.amountForms));

  /** A line that ends before its amount: the next line's first word is no parameter. */
  private refuseNextLine(): void {
    const next = this.peek();
    if (!next.lineStart || !(this.isConditionStart() || this.isClauseStart() || this.isMemberStart())) return;
    const missing = this.missingBefore(next, "a number with its unit");
    if (missing !== undefined) throw new Mistake(missing);
  }

  readonly quantity = this.rule("quantity", (): Quantity => {
    const token = this.take(QuantityToken);
    return this.ACTION(() => quantityNode(token));
  });

  readonly value = this.rule("value", (): Quantity | Text =>
    this.OR({
      DEF: [
        { ALT: (): Quantity | Text => this.SUBRULE(this.quantity) },
        { ALT: (): Quantity | Text => this.textNode() },
      ],
      ERR_MSG: 'a number with its unit, or a text in "quotes"',
    }),
  );

  /** `[2026-11-24] 06:20` */
  readonly moment = this.rule("moment", (): Moment => {
    const first = this.peek();
    const date = this.OPTION(() => this.dateNode()) ?? null;
    const time = this.timeNode();
    return { kind: "moment", date, time, span: this.spanFrom(first) };
  });

  protected dateNode(): DateWord {
    const token = this.take(DateToken);
    return { kind: "date", text: token.image, span: spanOf(token) };
  }

  protected timeNode(): TimeWord {
    const token = this.take(TimeToken);
    return { kind: "time", text: token.image, span: spanOf(token) };
  }

  protected reasonNode(): ReasonCode {
    const token = this.take(ReasonCodeToken);
    return { kind: "reason-code", text: token.image, span: spanOf(token) };
  }

  protected unitNode(): Unit {
    const token = this.take(UnitToken);
    return { kind: "unit", text: token.image, span: spanOf(token) };
  }
}

function quantityNode(token: MaintToken): Quantity {
  const span = spanOf(token);
  if (token.unitStart < 0) return { kind: "quantity", number: token.image, unit: null, impliedOne: false, span };
  const gap = token.unitStart - token.startOffset;
  const unit: Unit = { kind: "unit", text: token.image.slice(gap), span: { start: token.unitStart, end: span.end } };
  return { kind: "quantity", number: token.image.slice(0, gap).trimEnd(), unit, impliedOne: false, span };
}

/** `every month` has no number; any other word is a parameter. */
function wordAmount(token: MaintToken): Amount {
  const span = spanOf(token);
  if (!loneUnits.has(token.image)) {
    return { kind: "parameter-reference", name: { kind: "name", text: token.image, span }, span };
  }
  return { kind: "quantity", number: "1", unit: { kind: "unit", text: token.image, span }, impliedOne: true, span };
}
