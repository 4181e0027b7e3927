import { styleText } from "node:util";
import type { Paint } from "../compiler/index.ts";

const styles = { error: ["red", "bold"], warning: ["yellow", "bold"], bold: "bold", faint: "dim" } as const;

/** Colours for a terminal; undefined for a file or a pipe. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint | undefined {
  if (stream.isTTY !== true || (process.env["NO_COLOR"] ?? "") !== "") return undefined;
  return (style, text) => styleText([...[styles[style]].flat()], text, { validateStream: false });
}
