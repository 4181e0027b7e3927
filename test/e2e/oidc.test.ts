import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { AUDIENCE, type IdentityProvider, startProvider } from "../hub/identity-provider.ts";
import { atHub, type LpFloor, startLpFloor } from "./lp-floor.ts";

// A person comes to a real hub with a token of the plant's identity provider.

let floor: LpFloor;
let provider: IdentityProvider;
beforeAll(async () => {
  provider = await startProvider(() => Date.now());
  floor = await startLpFloor(0);
});
afterAll(async () => {
  await floor?.end();
  await provider?.stop();
});

test("maint hub start --oidc: who it is, what they may, and why a token is refused", async () => {
  const file = join(floor.folder, "oidc.yaml");
  // Where its keys are the provider says itself.
  const lines = [`issuer: ${provider.issuer}`, `audience: ${AUDIENCE}`];
  writeFileSync(file, [...lines, "person: { claim: preferred_username }"].join("\n"));
  await floor.hub().stop();
  await floor.startHub(["--oidc", file]);
  const as = async (claims: object) => {
    const token = join(floor.folder, "web.token");
    writeFileSync(token, await provider.token({ ...claims }), { mode: 0o600 });
    return runMaint(["person", "me", "--token", token, ...atHub(floor)]);
  };
  expect(await as({})).toMatchObject({ exitCode: 0, stdout: "STF-1  operator\n" });
  expect(await as({ preferred_username: "STF-9" })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/\(unknown-person\): the hub knows no STF-9\n.*maint person add/),
  });
  expect(await as({ aud: "mail" })).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/\(wrong-audience\)/) });
  await provider.stop();
  expect(await as({})).toMatchObject({ exitCode: 0 });
});

test("a configuration that is none is said before anything runs", async () => {
  const file = join(floor.folder, "bad.yaml");
  writeFileSync(
    file,
    "issuer: https://id.example\naudience: hub\njwks: http://id.example/keys\nperson: {claim: sub}\n",
  );
  const words = ["hub", "start", "--data", floor.data];
  expect(await runMaint([...words, "--oidc", file])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/bad.yaml: jwks is no https address/),
  });
  expect(await runMaint([...words, "--oidc", join(floor.folder, "none.yaml")])).toMatchObject({ exitCode: 2 });
});
