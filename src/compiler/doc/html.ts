import { assert } from "../../base/assert.ts";
import type { Block, ClauseBlock, DrawingsBlock, Fact, Inline, Page, TableBlock, Text } from "./page.ts";
import { pageRule, STYLE } from "./style.ts";

/**
 * The page as one HTML file: no outside asset, no script. A contract's text is escaped wherever it stands. `foot` is put behind
 * the page as it is, for data that travels with it.
 */
export function renderHtml({ id, title, digest, isWide, blocks }: Page, foot = ""): string {
  const heading = id === null ? title : `${id}: ${title}`;
  const sheet = id === null || digest === null ? "" : pageRule(plain(id), plain(digest.slice(0, DIGEST_SHOWN)));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(heading)}</title>
<style>${STYLE}${sheet}
</style>
</head>
<body${isWide === true ? ' class="broad"' : ""}>
<main>
<header>
${id === null ? "" : `<p class="id">${escaped(id)}</p>\n`}<h1>${escaped(title)}</h1>
</header>
${blocks.map((block) => blockHtml(block, isWide === true)).join("\n")}
</main>
${foot}</body>
</html>
`;
}

/** `sha256:` and enough digits to tell two bundles on paper apart; the whole digest stands in the text. */
const DIGEST_SHOWN = 23;

/** For a style's string: ids and digests have these signs only. */
function plain(text: string): string {
  assert(/^[A-Za-z0-9:-]*$/.test(text), "an id or digest holds letters, digits, colons and dashes");
  return text;
}

function blockHtml(block: Block, isWide: boolean): string {
  switch (block.kind) {
    case "heading":
      return `<h${block.level} id="${escaped(block.id)}">${escaped(block.text)}</h${block.level}>`;
    case "paragraph":
      return `<p>${inlineHtml(block.text)}</p>`;
    case "facts":
      return factsHtml(block.rows);
    case "table":
      return tableHtml(block, isWide);
    case "list":
      return `<ul>\n${block.items.map((item) => `<li>${inlineHtml(item)}</li>`).join("\n")}\n</ul>`;
    case "clause":
      return clauseHtml(block);
    case "drawings":
      return drawingsHtml(block);
    case "figure":
      return `<figure class="chart"><figcaption>${escaped(block.caption)}</figcaption>${block.svg}</figure>`;
    case "contents": {
      const items = block.items.map(({ id, text }) => `<li><a href="#${escaped(id)}">${escaped(text)}</a></li>`);
      return `<nav aria-label="Contents"><ul>\n${items.join("\n")}\n</ul></nav>`;
    }
  }
}

function factsHtml(rows: readonly Fact[]): string {
  const lines = rows.map(({ term, text, onScreen }) => {
    const marked = onScreen === true ? ' class="screen"' : "";
    return `<dt${marked}>${escaped(term)}</dt><dd${marked}>${inlineHtml(text)}</dd>`;
  });
  return `<dl>\n${lines.join("\n")}\n</dl>`;
}

function tableHtml({ caption, head, rows, rowIds }: TableBlock, isWide: boolean): string {
  const heads = head.map((text) => `<th scope="col">${escaped(text)}</th>`).join("");
  const body = rows.map((row, index) => {
    const id = rowIds?.[index];
    const cells = row.map((cell, at) => {
      const short = isWide ? kindOf(cell) : "";
      return at === 0 ? `<th scope="row"${short}>${inlineHtml(cell)}</th>` : `<td${short}>${inlineHtml(cell)}</td>`;
    });
    return `<tr${id === undefined ? "" : ` id="${escaped(id)}"`}>${cells.join("")}</tr>`;
  });
  return `<div class="wide"><table>
<caption>${escaped(caption)}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table></div>`;
}

/** A date, a name or an id: as long as a cell may be that is not broken at its dashes on a screen, and on paper. */
const SHORT_CELL = 16;
const WORD_CELL = 10;
/** An instant may be broken behind its date, and not within it. */
const INSTANT = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} \S+$/;

function kindOf(cell: Text): string {
  const text = cell.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");
  if (text.length <= WORD_CELL) return ' class="short word"';
  if (text.length <= SHORT_CELL) return ' class="short"';
  return INSTANT.test(text) ? ' class="instant"' : "";
}

function clauseHtml({ id, number, strictness, words, because, facts }: ClauseBlock): string {
  const reason = because === null ? "" : `\n<p class="because">because ${escaped(because)}</p>`;
  return `<article id="${escaped(id)}" class="${strictness}">
<p class="words"><span class="number">${escaped(number)}</span>${escaped(words)}<span class="badge">${strictness}</span></p>${reason}
${factsHtml(facts)}
</article>`;
}

/** A browser unfolds what holds the target of a link, so the id stands inside. */
function drawingsHtml({ id, text, items }: DrawingsBlock): string {
  const folded = items.map(
    (one) =>
      `<details><summary>${escaped(one.title)}</summary><figure id="${escaped(one.id)}">${one.svg}</figure></details>`,
  );
  return `<section class="forms">\n<h2 id="${escaped(id)}">${escaped(text)}</h2>\n${folded.join("\n")}\n</section>`;
}

const inlineHtml = (text: Text): string => text.map(pieceHtml).join("");

function pieceHtml(piece: Inline): string {
  if (typeof piece === "string") return escaped(piece);
  switch (piece.kind) {
    case "code":
      return `<code>${escaped(piece.text)}</code>`;
    case "strong":
      return `<strong>${escaped(piece.text)}</strong>`;
    case "link":
      return `<a href="${escaped(piece.href)}">${escaped(piece.text)}</a>`;
  }
}

const SIGNS: { readonly [sign: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => SIGNS[sign] ?? sign);
