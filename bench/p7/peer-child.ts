/** The hub's part of a peer: it reads every frame of alerts and acknowledges it. No check, no ledger, no disk. */
import { createServer } from "node:http";
import { connect } from "@nats-io/transport-node";
import { WebSocketServer } from "ws";
import type { AlertBatch } from "../../src/model/message.ts";

const [peer = "ws", brokerPort = "0"] = process.argv.slice(2);

interface Frame {
  readonly body: AlertBatch;
}

const ackOf = ({ body }: Frame): string => JSON.stringify({ t: "ack", body: { upTo: body.alerts.at(-1)?.seq ?? 0 } });

async function ws(): Promise<number> {
  const server = createServer();
  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket) => {
    socket.on("message", (data) => socket.send(ackOf(JSON.parse(data.toString()) as Frame)));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function nats(port: number): Promise<number> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  connection.subscribe("alert", {
    callback: (_error, message) => {
      const frame = message.json() as Frame;
      connection.publish(`ack.${frame.body.alerts[0]?.node ?? ""}`, ackOf(frame));
    },
  });
  await connection.flush();
  return port;
}

const port = peer === "nats" ? await nats(Number(brokerPort)) : await ws();
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ stats: { cpuS: (user + system) / 1e6, stallMs: null } });
});
process.on("disconnect", () => process.exit());
process.send?.({ port });
