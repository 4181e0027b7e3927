import type {
  Argument,
  Before,
  Clause,
  Condition,
  Contract,
  Declaration,
  Doc,
  FileItem,
  Member,
  Name,
  Notice,
  Override,
  Parameter,
  Quantity,
  Range,
  Scope,
  SourceFile,
  Template,
  TemplateUse,
  Test,
  Text,
} from "./ast.ts";
import type { MaintToken } from "./lexer.ts";
import { CLOSES_NOTHING, Mistake, spanOf, TooMuch } from "./mistakes.ts";
import { type Block, BlockRules } from "./parser-blocks.ts";
import { Article, Colon, Comma, EndOfFile, Equals, RCurly, TextToken, Word } from "./tokens.ts";

export interface ParserLimits {
  readonly maxClauses: number;
  readonly maxMistakes: number;
}

/** Files, contracts, templates and what stands in their bodies. */
export class MaintParser extends BlockRules {
  private docs: ReadonlyMap<number, Doc> = new Map();
  private clauseCount = 0;
  private maxClauses = 0;

  constructor() {
    super();
    this.performSelfAnalysis();
  }

  /** Sets the parser up for one source; `file()` then reads it. */
  prepare(source: string, tokens: MaintToken[], docs: ReadonlyMap<number, Doc>, limits: ParserLimits): void {
    this.input = tokens;
    this.source = source;
    this.diagnostics = [];
    this.docs = docs;
    this.clauseCount = 0;
    this.maxClauses = limits.maxClauses;
    this.maxMistakes = limits.maxMistakes;
    this.forgetBlocks();
  }

  /** Lets go of the source and its tokens: the parser is kept for the next source, and they are many times its size. */
  release(): void {
    this.input = [];
    this.source = "";
    this.docs = new Map();
  }

  get found() {
    return this.diagnostics;
  }

  readonly file = this.rule(
    "file",
    (): SourceFile => this.fileNode(this.fileItems()),
    () => this.fileNode([]),
  );

  private fileItems(): readonly FileItem[] {
    return this.list<FileItem>(
      () => this.SUBRULE(this.fileItem),
      "file",
      () => this.isAt(EndOfFile),
      () => this.isWord("contract") || this.isWord("template") || (this.isWord("test") && this.isAt(TextToken, 2)),
    );
  }

  private fileNode(items: readonly FileItem[]): SourceFile {
    return { kind: "file", items, span: { start: 0, end: this.source.length } };
  }

  readonly fileItem = this.rule("fileItem", (): FileItem => {
    this.ACTION(() => {
      if (!this.isAt(RCurly)) return;
      throw new Mistake({
        code: "syntax",
        message: CLOSES_NOTHING,
        span: spanOf(this.peek()),
        help: "leave it out, or look for one too many above",
      });
    });
    return this.OR({
      DEF: [
        { ALT: (): FileItem => this.SUBRULE(this.contract) },
        { ALT: (): FileItem => this.SUBRULE(this.template) },
        {
          ALT: (): FileItem => this.SUBRULE(this.test),
        },
      ],
      ERR_MSG: '`contract ID`, `template NAME` or `test "…" of ID`',
    });
  });

  readonly contract = this.rule("contract", (): Contract => {
    const first = this.peek();
    const header: { id: Name; title: Text | null; from: TemplateUse | null } = {
      id: this.noName(),
      title: null,
      from: null,
    };
    const whole = this.header(() => {
      this.word("contract");
      header.id = { ...header.id, text: this.isAt(Word) ? this.peek().image : "" };
      header.id = this.nameNode("contract id");
      header.title = this.OPTION(() => this.textNode()) ?? null;
      header.from = this.OPTION1(() => this.SUBRULE(this.templateUse)) ?? null;
    });
    const members = this.body({ words: `contract ${header.id.text}`, opened: first }, whole);
    return { kind: "contract", doc: this.docAt(first), ...header, members, span: this.spanFrom(first) };
  });

  readonly template = this.rule("template", (): Template => {
    const first = this.peek();
    const header: { name: Name; title: Text | null; parameters: readonly Parameter[] } = {
      name: this.noName(),
      title: null,
      parameters: [],
    };
    const whole = this.header(() => {
      this.word("template");
      header.name = this.nameNode();
      header.title = this.OPTION(() => this.textNode()) ?? null;
      const bound = this.OPTION1(() => this.SUBRULE(this.bindings));
      this.ACTION(() => {
        header.parameters = (bound ?? []).map((one) => ({ ...one, kind: "parameter" }));
      });
    });
    const members = this.body({ words: `template ${header.name.text}`, opened: first }, whole);
    return { kind: "template", doc: this.docAt(first), ...header, members, span: this.spanFrom(first) };
  });

  readonly templateUse = this.rule("templateUse", (): TemplateUse => {
    const first = this.word("from");
    const template = this.nameNode();
    const bound = this.OPTION(() => this.SUBRULE(this.bindings)) ?? [];
    return { kind: "template-use", template, arguments: bound, span: this.spanFrom(first) };
  });

  /** `with a = 1 psi, b = "LM-1"` */
  readonly bindings = this.rule(
    "bindings",
    (): readonly Argument[] => {
      this.reservedWord("with");
      const bound = [this.SUBRULE(this.binding)];
      this.MANY(() => {
        this.CONSUME(Comma);
        bound.push(this.SUBRULE1(this.binding));
      });
      return bound;
    },
    () => [],
  );

  readonly binding = this.rule("binding", (): Argument => {
    const first = this.peek();
    const name = this.nameNode();
    this.CONSUME(Equals);
    const value: Quantity | Text = this.SUBRULE(this.value);
    return { kind: "argument", name, value, span: this.spanFrom(first) };
  });

  readonly member = this.rule("member", (): Member => {
    this.ACTION(() => this.refuseVersion());
    const member = this.OR({
      DEF: [
        { GATE: () => this.isDeclarationStart(), ALT: (): Member => this.SUBRULE(this.declaration) },
        { ALT: (): Member => this.SUBRULE(this.scope) },
        { ALT: (): Member => this.SUBRULE(this.whenBlocked) },
        { GATE: () => this.isAt(TextToken, 2), ALT: (): Member => this.following() },
        { GATE: () => this.isAt(TextToken, 2), ALT: (): Member => this.SUBRULE(this.test) },
        { GATE: () => !this.isOverrideStart(), ALT: (): Member => this.SUBRULE(this.before) },
        { GATE: () => this.isOverrideStart(), ALT: (): Member => this.SUBRULE(this.override) },
      ],
      ERR_MSG:
        "a statement: `for every … station`, `NAME is …`, `before every test {`, `when blocked, …`, `ROLE may override …`",
    });
    this.ACTION(() => this.endOfMember(member));
    return member;
  });

  private endOfMember(member: Member): void {
    if (member.kind === "before" || member.kind === "test") return;
    if (this.peek().lineStart || this.isAt(RCurly) || this.isMemberStart()) return;
    this.fail("the end of the statement");
  }

  private refuseVersion(): void {
    if (!this.isVersionStatement()) return;
    const line = this.restOfLine();
    throw new Mistake({
      ...(line === undefined ? {} : { fix: { span: line, text: "" } }),
      code: "version-in-contract",
      message: "a contract has no version",
      span: spanOf(this.peek()),
      help: "a contract is pure logic; its version is given when it is released: leave this statement out",
    });
  }

  readonly scope = this.rule("scope", (): Scope => {
    const first = this.reservedWord("for");
    return this.OR({
      DEF: [
        {
          ALT: (): Scope => {
            this.reservedWord("every");
            const stationType = this.OPTION({ GATE: () => this.isWord("station", 2), DEF: () => this.nameNode() });
            this.word("station");
            return { kind: "scope", stationType: stationType ?? null, order: null, span: this.spanFrom(first) };
          },
        },
        {
          ALT: (): Scope => {
            this.word("order");
            const order = this.textNode();
            return { kind: "scope", stationType: null, order, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: '`every … station` or `order "…"`',
    });
  });

  private following(): Member {
    const first = this.word("following");
    const documents = [this.textNode()];
    this.MANY(() => {
      this.CONSUME(Comma);
      documents.push(this.textNode());
    });
    return { kind: "following", documents, span: this.spanFrom(first) };
  }

  readonly declaration = this.rule("declaration", (): Declaration => {
    const first = this.peek();
    const name = this.SUBRULE(this.articledName);
    this.word("is");
    const doc = this.docAt(first);
    return this.OR({
      DEF: [
        { GATE: () => this.isWord("in", 2), ALT: (): Declaration => this.measured(first, doc, name) },
        {
          GATE: () => this.isWord("minus", this.pastArticle() + 1),
          ALT: (): Declaration => {
            const left = this.SUBRULE1(this.articledName);
            this.word("minus");
            const right = this.SUBRULE2(this.articledName);
            return { kind: "difference", doc, name, left, right, span: this.spanFrom(first) };
          },
        },
        {
          GATE: () => this.isWord("material", this.pastArticle()),
          ALT: (): Declaration => {
            this.OPTION(() => this.CONSUME(Article));
            this.word("material");
            const byDefault = this.SUBRULE(this.byDefault);
            return { kind: "material", doc, name, byDefault, span: this.spanFrom(first) };
          },
        },
        {
          ALT: (): Declaration => {
            this.OPTION1(() => this.CONSUME1(Article));
            const type = this.nameNode();
            const byDefault = this.SUBRULE1(this.byDefault);
            return { kind: "equipment", doc, name, type, byDefault, span: this.spanFrom(first) };
          },
        },
      ],
      ERR_MSG: "`a TYPE`, `a material`, `measured in UNIT` or `A minus B`",
    });
  });

  private measured(first: MaintToken, doc: Doc | null, name: Name): Declaration {
    this.words("measured", "in");
    const unit = this.unitNode();
    const plausible = this.OPTION2((): Range => {
      this.CONSUME(Comma);
      const start = this.word("plausible");
      this.word("from");
      const low = this.SUBRULE1(this.amount);
      this.word("to");
      const high = this.SUBRULE2(this.amount);
      return { kind: "range", low, high, span: this.spanFrom(start) };
    });
    return { kind: "measured", doc, name, unit, plausible: plausible ?? null, span: this.spanFrom(first) };
  }

  /** `[, by default "…"]` */
  readonly byDefault = this.rule("byDefault", () => {
    const found = this.OPTION(() => {
      this.CONSUME(Comma);
      this.words("by", "default");
      return this.OR({
        DEF: [
          { ALT: (): Text => this.textNode() },
          {
            ALT: () => {
              const name = this.nameNode();
              return { kind: "parameter-reference" as const, name, span: name.span };
            },
          },
        ],
        ERR_MSG: 'an asset in "quotes"',
      });
    });
    return found ?? null;
  });

  readonly before = this.rule("before", (): Before => {
    const first = this.peek();
    let testKind: Name | null = null;
    const whole = this.header(() => {
      this.word("before");
      this.OR({
        DEF: [{ ALT: () => this.reservedWord("every") }, { ALT: () => this.reservedWord("each") }],
        ERR_MSG: "`every`",
      });
      testKind = this.OPTION({ GATE: () => this.isWord("test", 2), DEF: () => this.nameNode() }) ?? null;
      this.word("test");
    });
    const block = { words: "before every test", opened: first };
    this.open(whole);
    const conditions = this.list<Condition>(
      () => this.SUBRULE(this.condition),
      "condition",
      () => this.isBlockEnd() || this.isOutside(),
      () => this.isConditionStart(),
    );
    this.close(block);
    return { kind: "before", testKind, conditions, span: this.spanFrom(first) };
  });

  readonly condition = this.rule("condition", (): Condition => {
    const first = this.peek();
    this.ACTION(() => {
      this.refuseVersion();
      if (!this.isConditionStart()) this.refuseCondition();
    });
    const name = this.nameNode();
    this.take(Colon);
    const clauses = this.list<Clause>(
      () => {
        this.ACTION(() => this.countClause());
        return this.SUBRULE(this.clause);
      },
      "clause",
      () => this.isBlockEnd() || this.isConditionStart() || this.isOutside(),
      () => this.isClauseStart() || this.isVersionStatement(),
    );
    return { kind: "condition", doc: this.docAt(first), name, clauses, span: this.spanFrom(first) };
  });

  private refuseCondition(): never {
    const what = "a condition's name and `:`";
    const next = this.peek();
    if (this.isAt(Word) && next.lineStart && this.peek(2).lineStart) {
      const { end } = spanOf(next);
      this.fail("`:` behind a condition's name", "a condition's name ends with `:`", next, {
        span: { start: end, end },
        text: ":",
      });
    }
    if (this.isClauseStart()) this.fail(what, "a clause stands under a name: `lamp-warmed-up:`");
    return this.fail(what);
  }

  private countClause(): void {
    this.refuseVersion();
    this.clauseCount += 1;
    if (this.clauseCount > this.maxClauses) throw new TooMuch("clauses");
  }

  /** A statement of the contract's body where a condition or clause should be: the block's `}` is missing. */
  private isOutside(): boolean {
    if (!this.peek().lineStart || this.isClauseStart() || this.isVersionStatement() || !this.isMemberStart())
      return false;
    if (!this.isDeclarationStart()) return true;
    const at = this.pastArticle() + 2;
    return this.isAt(Article, at) || this.isWord("measured", at);
  }

  readonly override = this.rule("override", (): Override => {
    const first = this.peek();
    const roles = [this.nameNode("role")];
    this.MANY(() => {
      this.word("and");
      roles.push(this.nameNode("role"));
    });
    this.OPTION(() => this.word("together"));
    this.words("may", "override");
    const reason = this.reasonNode();
    this.reservedWord("for");
    this.reservedWord("at");
    this.word("most");
    const atMost = this.SUBRULE(this.amount);
    return { kind: "override", roles, reason, atMost, span: this.spanFrom(first) };
  });

  readonly whenBlocked = this.rule("whenBlocked", () => {
    const first = this.reservedWord("when");
    this.word("blocked");
    this.CONSUME(Comma);
    const notices: Notice[] = [this.SUBRULE(this.notice)];
    this.MANY(() => {
      this.CONSUME1(Comma);
      this.OPTION(() => this.word("and"));
      notices.push(this.SUBRULE1(this.notice));
    });
    return { kind: "when-blocked" as const, notices, span: this.spanFrom(first) };
  });

  readonly notice = this.rule("notice", (): Notice => {
    const first = this.peek();
    const after = this.OPTION(() => {
      this.word("after");
      return this.SUBRULE(this.amount);
    });
    this.word("tell");
    const role = this.SUBRULE(this.articledRole);
    const severity = this.OPTION1((): Name => {
      this.reservedWord("with");
      this.word("severity");
      return this.nameNode();
    });
    return { kind: "notice", role, severity: severity ?? null, after: after ?? null, span: this.spanFrom(first) };
  });

  readonly test = this.rule("test", (): Test => {
    const first = this.peek();
    const header: { title: Text; of: Name | null } = {
      title: { kind: "text", value: "", span: spanOf(first) },
      of: null,
    };
    const whole = this.header(() => {
      this.word("test");
      header.title = this.textNode();
      header.of =
        this.OPTION(() => {
          this.word("of");
          return this.nameNode("contract id");
        }) ?? null;
    });
    this.open(whole);
    const statements = this.list(
      () => {
        const statement = this.SUBRULE(this.testStatement);
        this.ACTION(() => {
          if (!this.peek().lineStart && !this.isAt(RCurly)) this.fail("the end of the statement");
        });
        return statement;
      },
      "test-statement",
      () => this.isBlockEnd(),
      () => this.isTestStatementStart(),
    );
    this.close({ words: "test", opened: first });
    return { kind: "test", ...header, statements, span: this.spanFrom(first) };
  });

  private body(block: Block, whole: boolean): readonly Member[] {
    this.open(whole);
    const members = this.list<Member>(
      () => this.SUBRULE(this.member),
      "member",
      () => this.isBlockEnd(),
      () => this.isMemberStart(),
    );
    this.close(block);
    return members;
  }

  private docAt(first: MaintToken): Doc | null {
    return this.docs.get(first.startOffset) ?? null;
  }

  private noName(): Name {
    const end = this.spanFrom(this.peek()).start;
    return { kind: "name", text: "", span: { start: end, end } };
  }
}
