/** All nodes of a peer in one process: they take a bundle and say that they have it. */
import { connect, type Socket } from "node:net";
import { type Peer, type Wire, wires } from "./wires.ts";

const [peer = "tcp", port = "0", count = "0"] = process.argv.slice(2);
const wire = wires[peer as Peer];
/** What is longer is the bundle, compressed or not. */
const SHORT = 1_024;
const AT_ONCE = 256;
const shared = Buffer.allocUnsafe(256 << 10);

const sockets: Socket[] = [];

/** Finds the ends of messages in what comes, keeping no more than a head. */
function scanner(wire: Wire, short: (frame: Buffer) => void, long: () => void): (chunk: Buffer) => void {
  let head = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (left > 0) {
        const taken = Math.min(left, rest.length);
        left -= taken;
        rest = rest.subarray(taken);
        if (left === 0) long();
        continue;
      }
      const known = head.length === 0 ? rest : Buffer.concat([head, rest]);
      const length = wire.lengthOf(known);
      if (length === undefined || (length <= SHORT && length > known.length)) {
        // The buffer is read into again.
        head = Buffer.from(known);
        return;
      }
      head = Buffer.alloc(0);
      if (length <= SHORT) {
        short(known.subarray(0, length));
        rest = known.subarray(length);
      } else {
        left = Math.max(0, length - known.length);
        if (left === 0) long();
        rest = known.subarray(Math.min(length, known.length));
      }
    }
  };
}

function node(): Promise<void> {
  return new Promise((open, fail) => {
    const feed = scanner(
      wire,
      (frame) => {
        const answer = wire.onShort(frame);
        if (answer === "open") open();
        else if (answer !== undefined) socket.write(answer);
      },
      () => void socket.write(wire.ack),
    );
    const onread = {
      buffer: shared,
      callback: (bytes: number): boolean => {
        feed(shared.subarray(0, bytes));
        return true;
      },
    };
    // It is made before anything is heard on it.
    const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true, onread });
    socket.on("connect", () => {
      socket.write(wire.greeting(Number(port)));
      // Where the hub says nothing first, the connection is all there is.
      if (peer === "tcp") open();
    });
    socket.on("error", fail);
    sockets.push(socket);
  });
}

async function connectAll(): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < Number(count)) {
      begun += 1;
      await node();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Every node is cut at once, and comes back by itself within the spread; answers when the last one is. */
async function storm(spreadMs: number): Promise<number> {
  const before = sockets.splice(0);
  const begun = performance.now();
  const back = before.map(async (socket) => {
    socket.removeAllListeners("error").on("error", () => undefined);
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * spreadMs));
    await node();
  });
  await Promise.all(back);
  return performance.now() - begun;
}

process.on("message", (message: { readonly spreadMs: number }) => {
  storm(message.spreadMs).then(
    (backMs) => process.send?.({ backMs }),
    (error) => process.send?.({ failed: `${peer}: ${error}` }),
  );
});
process.on("disconnect", () => {
  for (const socket of sockets) socket.destroy();
  process.exit();
});
connectAll().then(
  () => process.send?.({ connected: sockets.length }),
  (error) => process.send?.({ failed: `${peer}: ${error}` }),
);
