// Whole messages of a server, which masks nothing, as they go over a WebSocket's own socket in one write. Source: RFC 6455 5.2.

const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
const LENGTH_IN_16_BITS = 126;
const LENGTH_IN_64_BITS = 127;

/** Ready to be written to any number of sockets. */
export function binaryFrame(parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(headerLength(length));
  writeHeader(header, FINAL_BINARY, length);
  return Buffer.concat([header, ...parts]);
}

export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const from = headerLength(length);
  const wire = Buffer.allocUnsafe(from + length);
  writeHeader(wire, FINAL_TEXT, length);
  wire.write(text, from);
  return wire;
}

function headerLength(length: number): number {
  if (length < LENGTH_IN_16_BITS) return 2;
  return length <= 0xffff ? 4 : 10;
}

function writeHeader(wire: Buffer, kind: number, length: number): void {
  wire[0] = kind;
  if (length < LENGTH_IN_16_BITS) wire[1] = length;
  else if (length <= 0xffff) {
    wire[1] = LENGTH_IN_16_BITS;
    wire.writeUInt16BE(length, 2);
  } else {
    wire[1] = LENGTH_IN_64_BITS;
    wire.writeBigUInt64BE(BigInt(length), 2);
  }
}
