/** What no gate can be quicker than: an HTTP server that takes a body, writes as many bytes, syncs them, answers. */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const [file = "", sync = "sync", bytes = "4096"] = process.argv.slice(2);
const fd = openSync(file, "a");
const record = Buffer.alloc(Number(bytes), "x");
const answer = Buffer.alloc(Number(bytes), "y");

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    if (sync === "sync") {
      writeSync(fd, record);
      fdatasyncSync(fd);
    }
    response.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
    response.end(answer);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => {
  closeSync(fd);
  process.exit();
});
