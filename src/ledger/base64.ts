/** Standard base64 with padding; undefined for any other spelling of the same bytes. Source: RFC 4648 section 4. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
