import { canonicalJson } from "../../src/base/canonical-json.ts";
import { type SigningKey, signHex } from "../../src/disk/key-file.ts";
import { NODE, type World } from "./agent-world.ts";
import type { Answer } from "./fake-hub.ts";

/** What is not as it should be about a time that a hub signs. */
export interface TimeSaid {
  readonly key?: SigningKey;
  readonly node?: string;
  readonly nonce?: string;
  /** How far the hub's clock is ahead of this machine's. */
  readonly aheadMs?: number;
  /** Added after it was signed. */
  readonly laterMs?: number;
}

export const nonceOf = (body: { readonly nonce: string }): string => body.nonce;

/** Answers a ping. */
export const saysTime =
  ({ repository }: World, said: TimeSaid = {}): Answer =>
  (say, body) => {
    const { key = repository.keys.online, node = NODE, nonce = nonceOf(body), aheadMs = 0, laterMs = 0 } = said;
    const hubTimeMs = Date.now() + aheadMs;
    const signature = signHex(key, canonicalJson({ hubTimeMs, node, nonce }));
    const { keyId } = repository.keys.online;
    say("timestamp", { nonce, hubTimeMs: hubTimeMs + laterMs, keyId, signature });
  };
