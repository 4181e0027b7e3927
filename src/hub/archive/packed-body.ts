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
  packed === PLAIN ? bytes : zstdDecompressSync(bytes);
