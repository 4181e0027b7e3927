import type { ExposureFilter, NodeArchive } from "./archived.ts";

/** Which share of the tests to read, so that about `limit` decisions are read of those asked for; 1 where that is all. */
export function shareWithin(
  archive: Pick<NodeArchive, "exposure">,
  asked: Pick<ExposureFilter, "contract" | "fromMs" | "toMs">,
  limit: number,
): number {
  let decisions = 0;
  const bucketMs = Math.max(1, asked.toMs - asked.fromMs);
  for (const bucket of archive.exposure({ ...asked, bucketMs })) decisions += bucket.decisions;
  return decisions <= limit ? 1 : limit / decisions;
}
