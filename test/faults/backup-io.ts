/** Takes a backup and puts it back. Meant to be run under strace: `node backup-io.ts DATA COPY AGAIN`. */
import { backUp, restore } from "../../src/disk/backup.ts";

const [, , dataFolder = "", to = "", again = ""] = process.argv;
backUp({ dataFolder, to, parts: ["hub"], of: "hub", withKeys: true, nowMs: 0 });
restore(to, again);
