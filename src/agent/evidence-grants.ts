import { parseInstant } from "../base/civil-time.ts";
import { ok } from "../base/result.ts";
import { isOverridable, isReasonCode, REASON_CODES } from "../model/reason-codes.ts";
import { assetOf, type Fields, type InputContext, type Outcome, type Parse, unknownWord } from "./evidence-fields.ts";
import { nearestNames } from "./vocabulary.ts";

/** What people grant, sign, take back and settle. Each is one person's word; a signature is a record of its own. */
export const grantParsers = {
  ...{ override, extension, approval, revocation },
  "impact-closed": impactClosed,
} as const satisfies { readonly [kind: string]: Parse };

/** What the contract says of it is judged by the gate, with every reason it may have against it. Source: decisions.md B12. */
function override(fields: Fields, { nowMs }: InputContext): Outcome {
  const rule = fields.text("rule") ?? "";
  if (rule !== "" && !isReasonCode(rule)) {
    const near = nearestNames(rule, REASON_CODES);
    fields.faults.push({
      message: `unknown rule "${rule}"`,
      help: near.length > 0 ? `did you mean ${near[0]}?` : "maint explain lists the reason codes",
    });
  } else if (rule !== "" && !isOverridable(rule)) {
    fields.faults.push({ message: `nobody may override ${rule}` });
  }
  const expiresAt = fields.text("expiresAt") ?? "";
  const expires = parseInstant(expiresAt);
  if (expires === undefined || expires <= nowMs)
    fields.faults.push({
      message: '"expiresAt" is no instant ahead',
      help: "write it with its offset: 2026-11-24T18:00:00-06:00",
    });
  const about = fields.text("subject") ?? "";
  const body = { kind: "override" as const, rule, about, reason: fields.text("reason") ?? "", expiresAt };
  return ok({ subject: about, body });
}

function extension(fields: Fields, context: InputContext): Outcome {
  const body = { kind: "extension" as const, until: fields.date("until") ?? "", reason: fields.text("reason") ?? "" };
  return ok({ subject: assetOf(fields, context), body });
}

/** That the record is there, and is one that is signed, the service sees. */
function approval(fields: Fields): Outcome {
  const of = fields.text("of") ?? "";
  if (of !== "" && !/^E\d{1,15}$/.test(of)) fields.faults.push(unknownWord("of", of, []));
  return ok({ subject: of, body: { kind: "approval", of } });
}

function revocation(fields: Fields, context: InputContext): Outcome {
  const body = {
    kind: "revocation" as const,
    certificate: fields.text("certificate") ?? "",
    reason: fields.text("reason") ?? "",
  };
  return ok({ subject: assetOf(fields, context), body });
}

function impactClosed(fields: Fields, context: InputContext): Outcome {
  const body = {
    kind: "impact-closed" as const,
    certificate: fields.text("certificate") ?? "",
    disposition: fields.text("disposition") ?? "",
  };
  return ok({ subject: assetOf(fields, context), body });
}
