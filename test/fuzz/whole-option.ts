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
