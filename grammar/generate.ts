import { readFileSync, writeFileSync } from "node:fs";
import { ebnf } from "./ebnf.ts";
import { railroadPage } from "./railroad.ts";
import { textmateText } from "./textmate.ts";
import { keyword, reserved } from "./tokens.ts";

/**
 * The files made from the grammar, beside it. `node grammar/generate.ts` writes those that are stale;
 * `node grammar/generate.ts --check` writes nothing and exits 1 where one is.
 */
export const generated: { readonly [file: string]: () => string } = {
  "maint.ebnf": ebnf,
  "railroad.html": railroadPage,
  "maint.tmLanguage.json": textmateText,
  "LANGUAGE.md": languageReference,
};

const MARK = "<!-- What follows is made from the grammar by grammar/generate.ts. -->\n";

/** The page as a person wrote it up to the mark, then the words and rules as the parser has them. */
function languageReference(): string {
  const [written = ""] = (current("LANGUAGE.md") ?? "").split(MARK, 1);
  const list = (words: object): string =>
    Object.keys(words)
      .sort()
      .map((word) => `\`${word}\``)
      .join(" ");
  const parts = [
    `## Words\n\nReserved, never a name: ${list(reserved)}`,
    `Words of the forms, free as names elsewhere: ${list(keyword)}`,
    `## Grammar\n\n\`\`\`ebnf\n${ebnf()}\`\`\``,
  ];
  return `${written.trimEnd()}\n\n${MARK}\n${parts.join("\n\n")}\n`;
}

const placeOf = (file: string): URL => new URL(file, import.meta.url);

function current(file: string): string | undefined {
  try {
    return readFileSync(placeOf(file), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The generated files whose text on disk is not what the grammar gives. */
export function staleFiles(): readonly { readonly file: string; readonly text: string }[] {
  return Object.entries(generated).flatMap(([file, make]) => {
    const text = make();
    return current(file) === text ? [] : [{ file, text }];
  });
}

if (import.meta.main) {
  const wrong = process.argv.slice(2).filter((argument) => argument !== "--check");
  const check = process.argv.includes("--check");
  if (wrong.length > 0) {
    process.stderr.write(`unknown argument ${wrong.join(" ")}; usage: node grammar/generate.ts [--check]\n`);
    process.exitCode = 2;
  } else {
    const stale = staleFiles();
    for (const { file, text } of stale) {
      if (!check) writeFileSync(placeOf(file), text);
      process.stdout.write(`grammar/${file} ${check ? "is stale: run node grammar/generate.ts" : "written"}\n`);
    }
    if (stale.length === 0) process.stdout.write("nothing is stale\n");
    else if (check) process.exitCode = 1;
  }
}
