import { readFileSync } from "node:fs";

/** How many nodes a bench runs with. */
export interface FleetSize {
  /** Growing: a hundredth, a tenth, all. */
  readonly counts: readonly number[];
  readonly full: number;
  /** Fewer than the targets are about: nothing is kept of it. */
  readonly isTrial: boolean;
}

const FULL = 10_000;
/** Descriptors of a process besides its nodes' sockets. */
const SPARE_FILES = 512;

/** From `--count N`, else 10,000. Ends with exit code 2 where N is no such number, or this shell allows too few open files. */
export function fleetSize(argv: readonly string[] = process.argv): FleetSize {
  const given = argv.indexOf("--count");
  const full = given === -1 ? FULL : Number(argv[given + 1]);
  if (!Number.isSafeInteger(full) || full < 100 || full > FULL)
    end(`--count takes a whole number from 100 to ${FULL}, not ${argv[given + 1]}`);
  const allowed = openFiles();
  if (allowed < full + SPARE_FILES)
    end(
      `${full} nodes take ${full + SPARE_FILES} open files, this shell allows ${allowed}: ulimit -n, or fewer by --count`,
    );
  return { counts: [full / 100, full / 10, full].map(Math.round), full, isTrial: full < FULL };
}

/** Node raises its own limit to the hard one at its start, and what it starts inherits that. */
function openFiles(): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    // Other systems say it elsewhere; there the first refused socket says it.
    return Number.POSITIVE_INFINITY;
  }
}

function end(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}
