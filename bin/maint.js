#!/usr/bin/env node
// Plain JS, because it starts on whatever Node the machine has and then goes on under Node 24.

import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";

// Every module that is loaded here is waited for by each `maint gate`.
// The first releases of Node 20 know no import.meta.dirname.
const file = import.meta.filename ?? decodeURIComponent(new URL(import.meta.url).pathname);
const root = dirname(dirname(file));
const major = Number(process.versions.node.split(".")[0]);

if (major < 24) {
  const platform = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const newer = join(root, "node_modules", platform, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(newer)) {
    console.error(`maint needs Node 24 or newer; this is ${process.version}. In a clone, \`npm start\` brings it.`);
    process.exit(69);
  }
  const { spawn } = await import("node:child_process");
  // A fourth descriptor is the IPC channel of a parent that waits for a port; it goes through as it is.
  const ipc = process.env.NODE_CHANNEL_FD === undefined ? "inherit" : ["inherit", "inherit", "inherit", "ipc"];
  const child = spawn(newer, [file, ...process.argv.slice(2)], { stdio: ipc });
  if (typeof ipc !== "string") {
    child.on("message", (message) => process.send?.(message));
    process.on("message", (message) => child.send(message));
    process.on("disconnect", () => child.disconnect());
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
} else {
  module.enableCompileCache();
  // A clone runs its TypeScript as it is; under node_modules Node strips no types, so the package ships dist.
  const isClone = existsSync(join(root, "src", "cli", "main.ts"));
  const { main } = await import(isClone ? "../src/cli/main.ts" : "../dist/src/cli/main.js");
  await main(process.argv.slice(2));
}
