import { zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** Below it packing saves nothing that counts. */
const MIN_PACKED_BYTES = 512;
const PLAIN = 0;
const ZSTD = 1;

export interface PackedBody {
  readonly packed: number;
  readonly bytes: Uint8Array;
}

/** A body as it lies in the file: whatever is packed unpacks to the very bytes that the node wrote. */
export function packBody(bytes: Uint8Array): PackedBody {
  if (bytes.length < MIN_PACKED_BYTES) return { packed: PLAIN, bytes };
  const packed = zstdCompressSync(bytes);
  return packed.length < bytes.length ? { packed: ZSTD, bytes: packed } : { packed: PLAIN, bytes };
}

export const unpackBody = ({ packed, bytes }: PackedBody): Uint8Array =>
  packed === PLAIN ? bytes : zstdDecompressSync(bytes, { chunkSize: roomFor(bytes) });

const DEFAULT_ROOM = 16 << 10;
const MIN_ROOM = 64;
const MAX_ROOM = 1 << 20;

/**
 * Bytes to unpack into at once, from the frame's own header: piece by piece costs half as much again. Only a hint: a header that
 * is another, or lies, changes nothing but how often room is made. Source: RFC 8878 3.1.1.
 */
function roomFor(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.byteLength < 9) return DEFAULT_ROOM;
  const descriptor = view.getUint8(4);
  // One segment without a dictionary, as it is packed here: the size follows at once.
  if ((descriptor & 0b0010_0011) !== 0b0010_0000) return DEFAULT_ROOM;
  const size = SIZES[descriptor >> 6]?.(view) ?? DEFAULT_ROOM;
  // A byte more than it takes, else the end is looked for in a piece of its own.
  return Math.min(Math.max(size + 1, MIN_ROOM), MAX_ROOM);
}

const SIZES: readonly ((view: DataView) => number)[] = [
  (view) => view.getUint8(5),
  (view) => view.getUint16(5, true) + 256,
  (view) => view.getUint32(5, true),
];
