import { createTransport } from "nodemailer";
import { type Channel, failed, type Message, type Outcome } from "../notice.ts";
import { linesOf, subjectOf } from "../notice-words.ts";
import { certificateFault } from "./certificate.ts";

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  readonly security: "tls" | "starttls" | "none";
  readonly from: string;
  readonly user: string | null;
  readonly password: string | null;
  /** PEM; null is the machine's own. */
  readonly ca: string | null;
  readonly timeoutMs: number;
}

const RANK: { readonly [severity: string]: "high" | "normal" } = { emergency: "high", critical: "high" };

/** A mail a message over SMTP; the certificate is always verified. */
export function email(options: EmailOptions): Channel {
  const { host, port, security, user, password, ca, timeoutMs } = options;
  const transport = createTransport({
    ...{ host, port, secure: security === "tls", requireTLS: security === "starttls", ignoreTLS: security === "none" },
    ...(user === null || password === null ? {} : { auth: { user, pass: password } }),
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
    tls: { minVersion: "TLSv1.2", ...(ca === null ? {} : { ca }) },
  });
  return {
    kind: "email",
    async send(message) {
      try {
        await transport.sendMail(mailOf(options, message));
        return { kind: "delivered" };
      } catch (error) {
        return refusal(error, host);
      }
    },
    close: () => transport.close(),
  };
}

/** The message id is the same at every attempt, so that a mail that came twice can be seen to be one. */
const mailOf = ({ from }: EmailOptions, message: Message) => ({
  ...{ from, to: message.recipient, subject: subjectOf(message), text: linesOf(message).join("\n") },
  messageId: `<${message.id}.${message.hub}@maint.invalid>`,
  priority: RANK[message.body.severity] ?? "normal",
  date: new Date(message.atMs),
  headers: { "Auto-Submitted": "auto-generated", "X-Maint-Notice": message.id },
});

/** Whoever refuses a recipient or a text for good refuses it the next time, too; a login may be mended. Source: RFC 5321 4.2.1. */
function refusal(error: unknown, host: string): Outcome {
  const { responseCode = 0, code } = error as { readonly responseCode?: number; readonly code?: string };
  return failed(certificateFault(error, host), responseCode >= 550 && responseCode < 560 && code !== "EAUTH");
}
