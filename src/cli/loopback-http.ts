import { connect } from "node:net";

/** One request over a connection of its own, and its whole answer. */
export interface LoopbackCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** `http://127.0.0.1:8420`; its host is where it goes and what the Host header says. */
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface LoopbackAnswer {
  readonly status: number;
  readonly body: string;
}

const MAX_ANSWER_BYTES = 16 << 20;
const HTTP_PORT = 80;

/**
 * Asks over plain sockets: node:http takes longer to load than all the rest of `maint gate`. HTTP/1.0 answers come whole and
 * end with the connection, so there is nothing to unpack. Rejects with an Error where no whole answer came in time.
 */
export function askLoopback({ method, path, url, headers, body, timeoutMs }: LoopbackCall): Promise<LoopbackAnswer> {
  const bytes = Buffer.from(body ?? "");
  const lines = Object.entries({ ...headers, host: url.host, ...lengthOf(body, bytes) });
  const head = [`${method} ${path} HTTP/1.0`, ...lines.map(([name, value]) => `${name}: ${oneLine(value)}`), "", ""];
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const port = url.port === "" ? HTTP_PORT : Number(url.port);
    const socket = connect({ host: url.hostname, port }, () => {
      socket.write(head.join("\r\n"));
      socket.write(bytes);
    });
    const late = setTimeout(() => socket.destroy(new Error("timed out")), timeoutMs);
    socket.on("data", (chunk) => {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) socket.destroy(new Error("the answer is too long"));
      else chunks.push(chunk);
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(late);
      const answer = parse(Buffer.concat(chunks));
      if (answer === undefined) reject(new Error("no whole HTTP answer came"));
      else resolve(answer);
    });
  });
}

const lengthOf = (body: string | undefined, bytes: Buffer): { readonly [name: string]: string } =>
  body === undefined ? {} : { "content-type": "application/json", "content-length": String(bytes.length) };

function oneLine(value: string): string {
  if (/[\r\n]/.test(value)) throw new Error("a header is one line");
  return value;
}

/** Undefined for what is no answer, or was cut off: an answer says how long it is. */
function parse(bytes: Buffer): LoopbackAnswer | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...headers] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? [];
  const lengths = headers.flatMap((line) => /^content-length: *(\d{1,10})$/i.exec(line)?.[1] ?? []);
  const body = bytes.subarray(end + 4);
  if (status === undefined || lengths.length !== 1 || Number(lengths[0]) !== body.length) return undefined;
  return { status: Number(status), body: body.toString("utf8") };
}
