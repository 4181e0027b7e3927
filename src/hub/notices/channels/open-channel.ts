import { readSecretFile } from "../../../disk/read-secret.ts";
import type { Channel } from "../notice.ts";
import { reasonOf, subjectOf } from "../notice-words.ts";
import type { ChannelConfig } from "../notices-file.ts";
import { readAuthority } from "./certificate.ts";
import { email } from "./email.ts";
import { fileSink } from "./file-sink.ts";
import { webhook, webhookSecret } from "./webhook.ts";

export interface ChannelPorts {
  readonly log: (line: string) => void;
  readonly nowMs: () => number;
}

/**
 * Opens a channel; its secrets are read now, so that a missing one is found at the start and not in an emergency.
 * @throws MaintError as `readSecretFile` and `readAuthority`
 */
export function openChannel(config: ChannelConfig, { log, nowMs }: ChannelPorts): Channel {
  const caOf = (path: string | null): string | null => (path === null ? null : readAuthority(path));
  switch (config.kind) {
    case "log":
      return {
        kind: "log",
        send: async (message) => {
          log(`tells ${message.role}: ${subjectOf(message)} (${reasonOf(message)})`);
          return { kind: "delivered" };
        },
        close: () => undefined,
      };
    case "file":
      return fileSink(config);
    case "webhook": {
      const { url, secretFile, caFile, timeoutMs } = config;
      const secret = secretFile === null ? null : webhookSecret(readSecretFile(secretFile));
      return webhook({ url, secret, ca: caOf(caFile), timeoutMs, nowMs });
    }
    case "email": {
      const { kind: _kind, passwordFile, caFile, ...rest } = config;
      const password = passwordFile === null ? null : readSecretFile(passwordFile).trim();
      return email({ ...rest, password, ca: caOf(caFile) });
    }
  }
}
