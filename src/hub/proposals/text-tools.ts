import { compile } from "../../compiler/index.ts";
import { formatSource } from "../../compiler/print.ts";
import type { TextTools } from "./draft-proposal.ts";

/** The compiler as proposals use it. */
export const textTools: TextTools = {
  compile: (text) => {
    const { contracts, diagnostics } = compile([{ name: "proposal.maint", text }]);
    return {
      bundles: contracts.map(({ bundle }) => bundle),
      problems: diagnostics.map(({ code, severity, message, place }) => ({
        code,
        severity,
        message: `line ${place.line}: ${message}`,
      })),
    };
  },
  format: (text) => {
    const formatted = formatSource(text);
    return formatted.ok ? formatted.text : undefined;
  },
};
