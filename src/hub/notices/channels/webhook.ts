import { createHmac } from "node:crypto";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { type Channel, failed, type Message, type Outcome } from "../notice.ts";
import { certificateFault } from "./certificate.ts";

export interface WebhookOptions {
  readonly url: string;
  /** Signs every message; null leaves them unsigned. */
  readonly secret: Uint8Array | null;
  /** PEM; null is the machine's own. */
  readonly ca: string | null;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
}

/** What another attempt would not change. Source: RFC 9110 15.5. */
const FINAL = new Set([400, 410, 413, 415, 422]);
const MAX_RETRY_AFTER_S = 3_600;

/**
 * `whsec_` and base64, as Standard Webhooks writes a secret, or any other text as it stands. Source: standardwebhooks.com.
 */
export function webhookSecret(text: string): Uint8Array {
  const secret = text.trim();
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
}

/** `v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body`. */
export const webhookSignature = (secret: Uint8Array, id: string, timestampS: number, body: string): string =>
  `v1,${createHmac("sha256", secret).update(`${id}.${timestampS}.${body}`).digest("base64")}`;

/** Posts JSON. No redirect is followed: the address is the one that was configured, or none. */
export function webhook(options: WebhookOptions): Channel {
  return { kind: "webhook", send: (message) => post(options, message), close: () => undefined };
}

function post({ url, secret, ca, timeoutMs, nowMs }: WebhookOptions, message: Message): Promise<Outcome> {
  const body = JSON.stringify(message);
  const timestampS = Math.floor(nowMs() / 1_000);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "user-agent": "maint-hub",
    "idempotency-key": message.id,
    "webhook-id": message.id,
    "webhook-timestamp": timestampS,
    ...(secret === null ? {} : { "webhook-signature": webhookSignature(secret, message.id, timestampS, body) }),
  };
  const { protocol, hostname } = new URL(url);
  const isHttps = protocol === "https:";
  return new Promise((resolve) => {
    const options = { method: "POST", headers, agent: false, signal: AbortSignal.timeout(timeoutMs) } as const;
    const answered = (response: IncomingMessage): void => {
      // What it says is of no interest, and must not wait in the socket.
      response.on("error", () => undefined);
      response.resume();
      resolve(outcomeOf(response));
      response.on("end", () => sent.destroy());
    };
    const sent = isHttps
      ? requestHttps(url, { ...options, minVersion: "TLSv1.2", ...(ca === null ? {} : { ca }) }, answered)
      : requestHttp(url, options, answered);
    sent.on("error", (error) =>
      resolve(
        failed(
          error.name === "TimeoutError" || error.name === "AbortError"
            ? `no answer within ${timeoutMs} ms`
            : certificateFault(error, hostname),
        ),
      ),
    );
    sent.end(body);
  });
}

function outcomeOf({ statusCode = 0, headers }: IncomingMessage): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { kind: "delivered" };
  if (statusCode >= 300 && statusCode < 400) return failed(`answered ${statusCode}: a redirect, and none is followed`);
  const waitS = Number(headers["retry-after"]);
  const retry = waitS > 0 ? { retryAfterMs: Math.min(waitS, MAX_RETRY_AFTER_S) * 1_000 } : {};
  return { ...failed(`answered ${statusCode}`, FINAL.has(statusCode)), ...retry } as Outcome;
}
