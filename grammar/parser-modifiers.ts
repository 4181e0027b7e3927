import type { Modifier } from "./clause-node.ts";
import type { MaintToken } from "./lexer.ts";
import { AmountRules } from "./parser-amounts.ts";
import { Article, type Keyword } from "./tokens.ts";

/** What stands behind a clause's commas. The forms are made once, for the reason given in parser-clauses.ts. */
export abstract class ModifierRules extends AmountRules {
  private readonly modifierForms = {
    DEF: [
      {
        ALT: (): Modifier => {
          const token = this.word("warn");
          const amount = this.SUBRULE(this.amount);
          this.word("before");
          return { kind: "warn", amount, token };
        },
      },
      { ALT: (): Modifier => this.SUBRULE(this.withModifier) },
      {
        ALT: (): Modifier => {
          const token = this.words("may", "be", "extended", "by");
          this.reservedWord("at");
          this.word("most");
          const atMost = this.SUBRULE1(this.amount);
          return { kind: "extension", atMost, token, span: this.spanFrom(token) };
        },
      },
      {
        ALT: (): Modifier => {
          const token = this.words("approved", "by");
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
          const token = this.words("guarded", "by");
          return { kind: "guarded", amount: this.SUBRULE2(this.amount), token };
        },
      },
      {
        ALT: (): Modifier => {
          const token = this.word("settled");
          this.reservedWord("for");
          this.reservedWord("at");
          this.word("least");
          return { kind: "settled", amount: this.SUBRULE3(this.amount), token };
        },
      },
      {
        ALT: (): Modifier => {
          const token = this.words("used", "within");
          const amount = this.SUBRULE4(this.amount);
          this.words("of", "opening");
          return { kind: "opened", amount, token };
        },
      },
      {
        ALT: (): Modifier => {
          const token = this.words("never", "overridable");
          return { kind: "never-overridable", token };
        },
      },
    ],
    ERR_MSG: "a modifier such as `warn … before`, `guarded by …` or `never overridable`",
  };

  readonly modifier = this.rule("modifier", (): Modifier => this.OR(this.modifierForms));

  readonly withModifier = this.rule("withModifier", (): Modifier => {
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

  /** Answers the first of them. */
  protected words(first: Keyword, ...others: readonly Keyword[]): MaintToken {
    const token = this.word(first);
    for (const word of others) this.word(word);
    return token;
  }
}
