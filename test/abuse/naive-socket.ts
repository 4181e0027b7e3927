/** A WebSocket server as the documentation of `ws` begins: what the hub would be without its limits. Says over IPC where it listens. */
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: ([first]) => first ?? false });
server.on("connection", (socket) => {
  socket.on("error", () => undefined);
  socket.on("message", (data) => socket.send(data));
});
server.on("listening", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.send?.({ kind: "listening", url: `http://127.0.0.1:${port}` });
});
process.on("disconnect", () => process.exit());
