import type { Block, Fact, Inline, Page, TableBlock, Text } from "./page.ts";

/** The page as CommonMark with tables. A contract's text is escaped: it is read as text and as nothing else. */
export function renderMarkdown({ id, title, blocks }: Page): string {
  const head = `# ${id === null ? "" : `${escaped(id)}: `}${escaped(title)}`;
  return `${[head, ...blocks.map(blockText)].filter((text) => text !== "").join("\n\n")}\n`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `<a id="${block.id}"></a>\n\n${"#".repeat(block.level)} ${escaped(block.text)}`;
    case "paragraph":
      return inlineText(block.text);
    case "facts":
      return factsText(block.rows);
    case "table":
      return tableText(block);
    case "list":
      return block.items.map((item) => `- ${inlineText(item)}`).join("\n");
    case "clause": {
      const because = block.because === null ? [] : [`> because ${escaped(block.because)}`];
      const words = `<a id="${block.id}"></a>**${block.number}** ${escaped(block.words)}`;
      return [words, ...because, factsText(block.facts)].join("\n\n");
    }
    case "drawings":
      return "";
    case "figure":
      return `*${escaped(block.caption)}*`;
    case "contents":
      return block.items.map(({ id, text }) => `- [${escaped(text)}](#${id})`).join("\n");
  }
}

const factsText = (rows: readonly Fact[]): string =>
  rows
    .filter(({ onScreen }) => onScreen !== true)
    .map(({ term, text }) => `- **${escaped(term)}:** ${inlineText(text)}`)
    .join("\n");

function tableText({ caption, head, rows, rowIds }: TableBlock): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = rows.map((row, index) => {
    const id = rowIds?.[index];
    const [first = "", ...others] = row.map(inlineText);
    return line([`${id === undefined ? "" : `<a id="${id}"></a>`}${first}`, ...others]);
  });
  return [`${escaped(caption)}.`, "", line(head.map(escaped)), line(head.map(() => "---")), ...body].join("\n");
}

const inlineText = (text: Text): string => text.map(pieceText).join("");

function pieceText(piece: Inline): string {
  if (typeof piece === "string") return escaped(piece);
  switch (piece.kind) {
    case "code":
      return codeText(piece.text);
    case "strong":
      return `**${escaped(piece.text)}**`;
    case "link":
      return `[${escaped(piece.text)}](${encodeURI(piece.href).replace(/[()]/g, (sign) => (sign === "(" ? "%28" : "%29"))})`;
  }
}

/** Everything that could begin markup; `<` and `&` as HTML has them, because some readers take HTML first. */
function escaped(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]#|~!]/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/^([-+]|\d+[.)])(?=\s|$)/, "\\$1");
}

/** A fence longer than any run of backticks inside; a bar would end a table's cell. */
function codeText(text: string): string {
  const plain = oneLine(text);
  if (/[|<&]/.test(plain)) return escaped(plain);
  const runs = plain.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const pad = plain.startsWith("`") || plain.endsWith("`") ? " " : "";
  return `${fence}${pad}${plain}${pad}${fence}`;
}

const oneLine = (text: string): string => text.replace(/\s*[\n\r]\s*/g, " ");
