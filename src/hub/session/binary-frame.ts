const FINAL_BINARY = 0x82;
const LENGTH_IN_16_BITS = 126;
const LENGTH_IN_64_BITS = 127;

/**
 * One whole binary message of a server, which masks nothing, ready to be written to any number of sockets. `message` is the part
 * of `wire` behind the header. Source: RFC 6455 5.2.
 */
export function binaryFrame(parts: readonly Uint8Array[]): { readonly wire: Buffer; readonly message: Buffer } {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = headerOf(length);
  const wire = Buffer.concat([header, ...parts]);
  return { wire, message: wire.subarray(header.length) };
}

function headerOf(length: number): Buffer {
  if (length < LENGTH_IN_16_BITS) return Buffer.from([FINAL_BINARY, length]);
  if (length <= 0xffff) return Buffer.from([FINAL_BINARY, LENGTH_IN_16_BITS, length >> 8, length & 0xff]);
  const header = Buffer.from([FINAL_BINARY, LENGTH_IN_64_BITS, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
