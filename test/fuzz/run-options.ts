import { type ParseArgsConfig, parseArgs } from "node:util";

/** An option of a run by hand: `takes` names its value, `is` says what it is. */
interface RunOption {
  readonly type: "string" | "boolean";
  readonly default?: string | boolean;
  readonly takes?: string;
  readonly is: string;
}

type RunOptions = { readonly [name: string]: RunOption };

/** How a run ends before it began. */
export interface Ending {
  readonly say: (text: string, stream: "stdout" | "stderr") => void;
  readonly exit: (code: 0 | 2) => never;
}

const ofProcess: Ending = {
  say: (text, stream) => void process[stream].write(text),
  exit: (code) => process.exit(code),
};

/**
 * The options of a run by hand, from the command line. `--help` prints what it does and what it takes, and ends with 0; what cannot
 * be read ends it, as a command's would, with one line and 2.
 * @param about what the run does, in sentences
 */
export function runOptions<const T extends RunOptions>(
  about: string,
  options: T,
  args: readonly string[] = process.argv.slice(2),
  ending: Ending = ofProcess,
) {
  if (args.includes("--help")) {
    ending.say(helpText(about, options), "stdout");
    return ending.exit(0);
  }
  try {
    const config = { args: [...args], options, allowNegative: true } satisfies ParseArgsConfig;
    return parseArgs(config).values;
  } catch (error) {
    if (!(error instanceof TypeError) || !("code" in error) || !String(error.code).startsWith("ERR_PARSE_ARGS_"))
      throw error;
    // Node goes on about positional arguments in a second sentence.
    const [what = ""] = error.message.split(/\.(?:\s|$)/);
    ending.say(`${what}; --help lists what there is\n`, "stderr");
    return ending.exit(2);
  }
}

function helpText(about: string, options: RunOptions): string {
  const rows = Object.entries(options).map(([name, { type, takes = "n", is, default: otherwise }]) => {
    // What is on unless told is named by what turns it off.
    const shown = otherwise === true ? `--no-${name}` : `--${name}`;
    const told = type === "string" && otherwise !== undefined ? `${is} (else ${otherwise})` : is;
    return [type === "string" ? `${shown} <${takes}>` : shown, told] as const;
  });
  const wide = Math.max("--help".length, ...rows.map(([name]) => name.length));
  const lines = [...rows, ["--help", "print this"] as const].map(([name, is]) => `  ${name.padEnd(wide)}  ${is}`);
  return `${about}\n\nOptions:\n${lines.join("\n")}\n`;
}

/** The whole number that an option holds; where it is none the run ends, as a command's would, with 2. */
export function wholeOption<T extends string>(
  values: { readonly [name in T]?: string | undefined },
  name: T,
  least: number,
): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  console.error(`--${name} takes a whole number of at least ${least}, not ${JSON.stringify(values[name])}`);
  process.exit(2);
}
