import { z } from "zod";
import { MAX_LISTED } from "../../model/limits.ts";

const PAGE = 500;

/** Of every list that can be long: what comes behind `after`, which is the `next` of the page before. */
export const pageFields = {
  after: z.string().max(200).default(""),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(PAGE),
};
