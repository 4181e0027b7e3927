import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { packageRoot } from "../../src/cli/package-root.ts";
import { runMaint } from "../../src/cli/story/processes.ts";
import { openWorld } from "../agent/agent-world.ts";
import { type HubBench, hubBench } from "../hub/hub-fixture.ts";

// What can be held without a container runtime: that the files name what there is, and the health check works.

const read = (name: string): string => readFileSync(join(packageRoot(), name), "utf8");
let bench: HubBench;
beforeAll(async () => {
  bench = await hubBench();
});
afterAll(() => bench.close());

test("what the image copies is there, and what is not is left out of it", () => {
  const copied = [...read("Dockerfile").matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = ""]) =>
    names.split(" "),
  );
  expect(copied).toEqual(expect.arrayContaining(["src", "bin", "package.json"]));
  for (const name of copied) expect(existsSync(join(packageRoot(), name)), name).toBe(true);
  const ignored = read(".dockerignore").split("\n");
  expect(ignored).toContain("*");
  expect(new Set(ignored.flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : [])))).toEqual(new Set(copied));
});

test("every option that the container's command names is one, and every secret has its file", async () => {
  const { services, secrets } = parse(read("compose.yaml")) as {
    readonly services: {
      readonly hub: { readonly command: readonly string[]; readonly secrets: readonly { source: string }[] };
    };
    readonly secrets: object;
  };
  const { stdout } = await runMaint(["hub", "start", "--help"]);
  const [, image = ""] = /^CMD (\[.*\])$/m.exec(read("Dockerfile")) ?? [];
  for (const word of [...services.hub.command, ...(JSON.parse(image) as string[])])
    if (word.startsWith("--")) expect(stdout, word).toContain(`${word} `);
  expect(services.hub.secrets.map(({ source }) => source).sort()).toEqual(Object.keys(secrets).sort());
  for (const word of services.hub.command)
    if (word.startsWith("/run/secrets/")) expect(secrets).toHaveProperty(word.slice("/run/secrets/".length));
});

// Whom it asks may run in this process: it must be able to answer while the check waits.
const healthy = (data: string) =>
  new Promise<number | null>((resolve) =>
    spawn(process.execPath, [join(packageRoot(), "bin", "healthy.js"), data], { stdio: "ignore" }).on("exit", resolve),
  );

test("the health check answers for a hub that runs, and for none", async () => {
  expect(await healthy(bench.data)).toBe(0);
  expect(await healthy(join(bench.data, "nowhere"))).toBe(1);
});

test("a hub that listens on one address of its machine is asked there", async () => {
  const data = mkdtempSync(join(tmpdir(), "healthy-"));
  const server = createServer((request, response) =>
    response.writeHead(request.url === "/v1/health" ? 200 : 404).end(),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.2", resolve));
  onTestFinished(() => {
    server.close();
    rmSync(data, { recursive: true });
  });
  mkdirSync(join(data, "hub"));
  const { port } = server.address() as AddressInfo;
  writeFileSync(join(data, "hub", "address.json"), JSON.stringify({ url: `http://127.0.0.2:${port}` }));
  expect(await healthy(data)).toBe(0);
});

test("the health check answers for an agent that runs, and not for one that is gone", async () => {
  const world = await openWorld();
  expect(await healthy(world.folder)).toBe(1);
  const agent = await world.start();
  expect(await healthy(world.folder)).toBe(0);
  await agent.stop();
  expect(await healthy(world.folder)).toBe(1);
  // Another node's address, and nobody there: what does answer does not make up for it.
  await world.start();
  const gone = join(world.folder, "nodes", "Pen-2");
  mkdirSync(gone);
  writeFileSync(join(gone, "address.json"), JSON.stringify({ url: "http://127.0.0.1:9" }));
  expect(await healthy(world.folder)).toBe(1);
});
