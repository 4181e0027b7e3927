import type { Clause } from "../../grammar/ast.ts";

export const clauseText = (clause: Clause): string => clause.kind;
