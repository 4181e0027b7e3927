import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { MaintError } from "../../base/maint-error.ts";
import { SEVERITIES, type Severity } from "../../model/alert.ts";
import { MAX_NOTICES_FILE_BYTES } from "../../model/limits.ts";

/** Who is told of what over which channel; what `maint hub start --notices FILE` reads. */
export interface NoticesConfig {
  readonly channels: { readonly [name: string]: ChannelConfig };
  /** A person's mail address. */
  readonly people: { readonly [person: string]: string };
  readonly routes: readonly Route[];
}

export interface Route {
  /** `*` is every role. */
  readonly role: string;
  readonly channels: readonly string[];
  /** This and worse; all unless told. */
  readonly severity: Severity;
  /** Mail addresses beside those of the people who have the role. */
  readonly to: readonly string[];
}

interface Limits {
  /** Messages to one recipient within `perMinutes`; what is more is told together. Emergencies are not held back. */
  readonly limit: { readonly messages: number; readonly perMinutes: number };
  readonly attempts: number;
}

export type ChannelConfig = Limits &
  (
    | { readonly kind: "log" }
    | { readonly kind: "file"; readonly path: string; readonly maxBytes: number; readonly keep: number }
    | {
        readonly kind: "webhook";
        readonly url: string;
        readonly secretFile: string | null;
        readonly caFile: string | null;
        readonly timeoutMs: number;
      }
    | {
        readonly kind: "email";
        readonly host: string;
        readonly port: number;
        readonly security: "tls" | "starttls" | "none";
        readonly from: string;
        readonly user: string | null;
        readonly passwordFile: string | null;
        readonly caFile: string | null;
        readonly timeoutMs: number;
      }
  );

const LOOPBACK = ["127.0.0.1", "localhost", "::1", "[::1]"];
/** A bare address; what it means is the mail server's business. */
export const MAIL_ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;
const address = z.string().max(254).regex(MAIL_ADDRESS, "is no mail address");
const name = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, "a name is small letters, digits and hyphens");
const file = z.string().min(1).max(4_096);
const limits = {
  limit: z
    .strictObject({ messages: z.int().min(1).max(10_000), perMinutes: z.int().min(1).max(1_440) })
    .default({ messages: 30, perMinutes: 10 }),
  attempts: z.int().min(1).max(100).default(25),
};
const timeoutMs = z.int().min(100).max(60_000).default(10_000);

const webhookUrl = z.string().superRefine((text, context) => {
  const say = (message: string): void => context.addIssue({ code: "custom", message });
  if (!URL.canParse(text)) return say("is no URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") say("only http and https are spoken");
  if (url.protocol === "http:" && !LOOPBACK.includes(url.hostname)) say("beyond this machine only https");
  if (url.username !== "" || url.password !== "") say("no user and password in it; sign with secretFile");
});

const channel = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("log"), ...limits }),
  z.strictObject({
    ...{
      kind: z.literal("file"),
      path: file,
      maxBytes: z
        .int()
        .min(1_024)
        .default(10 << 20),
    },
    ...{ keep: z.int().min(1).max(100).default(5), ...limits },
  }),
  z.strictObject({
    ...{ kind: z.literal("webhook"), url: webhookUrl, secretFile: file.nullable().default(null) },
    ...{ caFile: file.nullable().default(null), timeoutMs, ...limits },
  }),
  z
    .strictObject({
      ...{ kind: z.literal("email"), host: z.string().min(1).max(255), port: z.int().min(1).max(65_535) },
      ...{ security: z.enum(["tls", "starttls", "none"]).default("starttls"), from: address },
      ...{ user: z.string().max(255).nullable().default(null), passwordFile: file.nullable().default(null) },
      ...{ caFile: file.nullable().default(null), timeoutMs, ...limits },
    })
    .refine(({ security, host }) => security !== "none" || LOOPBACK.includes(host), {
      ...{ path: ["security"], message: "beyond this machine mail goes over tls or starttls" },
    })
    .refine(({ user, passwordFile }) => (user === null) === (passwordFile === null), {
      ...{ path: ["passwordFile"], message: "user and passwordFile go together" },
    }),
]);

const config = z
  .strictObject({
    channels: z.record(name, channel),
    people: z.record(z.string(), address).default({}),
    routes: z
      .array(
        z.strictObject({
          ...{ role: z.string().min(1).max(64), channels: z.array(name).min(1).max(16) },
          ...{ severity: z.enum(SEVERITIES).default("info"), to: z.array(address).max(64).default([]) },
        }),
      )
      .min(1)
      .max(256),
  })
  .superRefine(({ channels, routes }, context) => {
    for (const [at, route] of routes.entries())
      for (const [index, one] of route.channels.entries())
        if (!Object.hasOwn(channels, one))
          context.addIssue({
            code: "custom",
            path: ["routes", at, "channels", index],
            message: `there is no channel "${one}"; there are ${Object.keys(channels).join(", ") || "none"}`,
          });
  });

/** Without a file: everything to the hub's own log. */
export const LOG_ONLY: NoticesConfig = {
  channels: { log: { kind: "log", limit: { messages: 600, perMinutes: 10 }, attempts: 1 } },
  people: {},
  routes: [{ role: "*", channels: ["log"], severity: "info", to: [] }],
};

/**
 * Reads a file of notices, YAML or JSON. Files that it names lie beside it unless their path says otherwise.
 * @throws MaintError MAINT_ERR_NOTICES naming the line and the field that does not fit
 */
export function readNoticesFile(path: string): NoticesConfig {
  const text = textOf(path);
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true });
  const [wrong] = document.errors;
  if (wrong !== undefined)
    throw refused(path, counter.linePos(wrong.pos[0]).line, wrong.message.split("\n")[0] ?? "is no YAML");
  const checked = config.safeParse(document.toJS());
  if (checked.success) return beside(dirname(path), checked.data);
  const issue = checked.error.issues[0];
  const field = (issue?.path ?? []) as readonly (string | number)[];
  throw refused(path, lineOf(field), `${field.join(".") || "the file"}: ${issue?.message ?? "does not fit"}`);

  /** Of the field, or of the nearest part of its path that is there. */
  function lineOf(place: readonly (string | number)[]): number {
    for (let length = place.length; length > 0; length--) {
      const node = document.getIn(place.slice(0, length), true) as { readonly range?: readonly number[] } | undefined;
      if (node?.range?.[0] !== undefined) return counter.linePos(node.range[0]).line;
    }
    return 1;
  }
}

function textOf(path: string): string {
  if (statSync(path).size > MAX_NOTICES_FILE_BYTES)
    throw new MaintError("MAINT_ERR_NOTICES", `${path}: larger than ${MAX_NOTICES_FILE_BYTES} bytes`);
  return readFileSync(path, "utf8");
}

const refused = (path: string, line: number, message: string): MaintError =>
  new MaintError("MAINT_ERR_NOTICES", `${path}, line ${line}: ${message}`, { help: "docs/alerts.md has an example" });

function beside(folder: string, { channels, ...rest }: NoticesConfig): NoticesConfig {
  const place = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
  const placeOrNull = (path: string | null): string | null => (path === null ? null : place(path));
  const placed = Object.entries(channels).map(([name, one]): [string, ChannelConfig] => {
    if (one.kind === "file") return [name, { ...one, path: place(one.path) }];
    if (one.kind === "webhook")
      return [name, { ...one, secretFile: placeOrNull(one.secretFile), caFile: placeOrNull(one.caFile) }];
    if (one.kind === "email")
      return [name, { ...one, passwordFile: placeOrNull(one.passwordFile), caFile: placeOrNull(one.caFile) }];
    return [name, one];
  });
  return { ...rest, channels: Object.fromEntries(placed) };
}
