import { PERSON_ROLES } from "../../model/documents.ts";

/** Everybody the hub knows may read what it found; nobody else may. */
export const READER_ROLES = PERSON_ROLES;
