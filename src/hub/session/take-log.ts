import type { ArchiveService } from "../archive/archive-service.ts";
import type { SessionEffect, SessionEvent } from "../core/session.ts";

/** Hands a part of a node's ledger on; what is answered was made durable before. */
export async function takeLog(
  { node, part, re }: SessionEffect & { readonly kind: "take-log" },
  ledgers: Pick<ArchiveService, "take">,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const taken = await ledgers.take(node, part);
  if (!taken.ok) handle({ kind: "not-committed", code: "bad-frame", message: taken.error, re });
  else if (taken.value !== undefined) handle({ kind: "logged", logged: taken.value, re });
}
