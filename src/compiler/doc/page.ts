/** A page about contracts before it is Markdown or HTML: both are written from this, so that they say the same. */
export interface Page {
  /** For the browser's tab and the printed header; the first heading. */
  readonly title: string;
  /** Stands small above the heading, and in the printed header: a contract's id. */
  readonly id: string | null;
  /** The bundle's digest, for the printed header. */
  readonly digest: string | null;
  /** For tables of many columns. */
  readonly isWide?: true;
  readonly blocks: readonly Block[];
}

/** A piece of running text: a bare string is text of a contract or of ours, and is escaped by whoever writes it. */
export type Inline =
  | string
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };
export type Text = readonly Inline[];

export type Block =
  | { readonly kind: "heading"; readonly level: 2 | 3; readonly id: string; readonly text: string }
  | { readonly kind: "paragraph"; readonly text: Text }
  | { readonly kind: "facts"; readonly rows: readonly Fact[] }
  | TableBlock
  | { readonly kind: "list"; readonly items: readonly Text[] }
  | ClauseBlock
  | DrawingsBlock
  | FigureBlock
  | { readonly kind: "contents"; readonly items: readonly { readonly id: string; readonly text: string }[] };

/** A term and what it is. */
export interface Fact {
  readonly term: string;
  readonly text: Text;
  /** Of use on a screen only: left out of Markdown and of paper. */
  readonly onScreen?: true;
}

export interface TableBlock {
  readonly kind: "table";
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly Text[])[];
  readonly rowIds?: readonly string[];
}

export interface ClauseBlock {
  readonly kind: "clause";
  readonly id: string;
  readonly number: string;
  readonly strictness: "must" | "should";
  /** As the formatter prints it, on one line. */
  readonly words: string;
  readonly because: string | null;
  readonly facts: readonly Fact[];
}

/** Forms of the language, folded away; Markdown and paper leave them out. */
export interface DrawingsBlock {
  readonly kind: "drawings";
  readonly id: string;
  readonly text: string;
  readonly items: readonly Drawing[];
}

export interface Drawing {
  readonly id: string;
  readonly title: string;
  /** Made from the grammar, not from a contract: it is not escaped. */
  readonly svg: string;
}

/** A chart beside the table it is drawn from; Markdown has the caption alone. */
export interface FigureBlock {
  readonly kind: "figure";
  readonly caption: string;
  /** Its texts are escaped by whoever drew it. */
  readonly svg: string;
}

export const code = (text: string): Inline => ({ kind: "code", text });
export const link = (text: string, href: string): Inline => ({ kind: "link", text, href });

/** Pieces with a comma between two. */
export const joined = (pieces: readonly Inline[]): Text =>
  pieces.flatMap((piece, index) => (index === 0 ? [piece] : [", ", piece]));
