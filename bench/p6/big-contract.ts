import { compile } from "../../src/compiler/index.ts";

export const CONTRACT = "FAN-OUT";

/** A contract whose bundle is the first to reach `bytes`. A higher `limit` makes a version that only tightens. */
export function bigContract(bytes: number, limit: number): string {
  let [few, many] = [1, 4_096];
  while (few < many) {
    const middle = (few + many) >> 1;
    if (bundleBytes(textOf(middle, limit)) >= bytes) many = middle;
    else few = middle + 1;
  }
  return textOf(few, limit);
}

function bundleBytes(text: string): number {
  const { contracts, diagnostics } = compile([{ name: `${CONTRACT}.maint`, text }]);
  if (contracts[0] === undefined) throw new Error(`the bench's contract does not compile: ${diagnostics[0]?.message}`);
  return Buffer.byteLength(contracts[0].bytes);
}

function textOf(lamps: number, limit: number): string {
  const names = Array.from({ length: lamps }, (_, index) => `lamp-${index + 1}-uv`);
  return `contract ${CONTRACT} "A line of lamps" {
  for every penetrant station

${names.map((name) => `  ${name} is measured in uW/cm2`).join("\n")}

  before every test {
${names.map((name) => `    ${name}-each-day:\n      each day, ${name} must be at least ${limit} uW/cm2`).join("\n\n")}
  }
}

test "a weak lamp blocks" of ${CONTRACT} {
  at 2026-11-24 09:00 in UTC
  lamp-1-uv reads ${limit - 1} uW/cm2 at 06:20
  expect blocked by lamp-1-uv-each-day
}
`;
}
