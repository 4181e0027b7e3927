import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";

/**
 * A text as a person leaves it in an editor of his own choice.
 * @throws MaintError MAINT_ERR_USAGE where no editor is set, it does not start, or it ends otherwise than well
 */
export function editedText(text: string): string {
  const editor = process.env["VISUAL"] || process.env["EDITOR"];
  if (editor === undefined || editor === "")
    throw new MaintError("MAINT_ERR_USAGE", "no editor is set", { help: "set EDITOR, or give the text with --file" });
  const folder = mkdtempSync(join(tmpdir(), "maint-edit-"));
  const file = join(folder, "contract.maint");
  try {
    writeFileSync(file, text, { mode: 0o600 });
    // Editors are set with arguments, `code --wait`; a shell takes them apart as the person who set them expects.
    const { status, error } = spawnSync(`${editor} "${file}"`, { shell: true, stdio: "inherit" });
    if (error !== undefined || status !== 0)
      throw new MaintError("MAINT_ERR_USAGE", `${editor} ended with ${error?.message ?? status}; nothing was changed`);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
