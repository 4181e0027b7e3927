import { join } from "node:path";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { mustBeFree } from "../../disk/secret-file.ts";
import { writeTokenFile } from "../../disk/token-file.ts";
import { isPersonId } from "../../model/ids.ts";
import { keysFolder } from "../data-folder.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";

/** `maint person`: who may do what. A token is shown to nobody: it goes to a file of its own. */
export function command(): Command {
  const person = new Command("person").description("add people and their tokens");
  withHubOptions(person.command("add <id>").description("add a person and write their token to a file, 0600"))
    .requiredOption("--role <roles...>", "author, approver, operator, QA, supervisor, auditor, admin")
    .option("--out <file>", "token file (else ID.token in the keys folder)")
    .addHelpText("after", "\nExample:\n  maint person add STF-1 --role operator")
    .action(add);
  withHubOptions(person.command("list").description("list people and their roles"))
    .addHelpText("after", "\nExample:\n  maint person list")
    .action(list);
  withHubOptions(person.command("me").description("say whom the hub takes the token's owner for, and with which roles"))
    .addHelpText("after", "\nExample:\n  maint person me --token keys/STF-1.token")
    .action(me);
  return person.addHelpText("after", "\nExample:\n  maint person add STF-1 --role operator");
}

interface AddOptions extends HubOptions {
  readonly role: readonly string[];
  readonly out?: string;
}

async function add(id: string, options: AddOptions): Promise<void> {
  const hub = hubClient(options);
  if (!isPersonId(id)) throw new MaintError("MAINT_ERR_USAGE", `"${id}" is no person's id; write one as STF-1`);
  const file = options.out ?? join(keysFolder(options.keys), `${id}.token`);
  mustBeFree(file);
  const answer = (await hub.post("/v1/people", { id, roles: options.role })) as {
    readonly roles: readonly string[];
    readonly token: string;
  };
  writeTokenFile(file, answer.token);
  printAnswer(options, { id, roles: answer.roles, tokenFile: file }, [
    `${id} added as ${answer.roles.join(", ")}; token in ${file}`,
  ]);
}

async function me(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/people/me")) as {
    readonly id: string;
    readonly roles: readonly string[];
  };
  printAnswer(options, answer, [`${answer.id}  ${answer.roles.join(", ")}`]);
}

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/people")) as {
    readonly people: readonly { readonly id: string; readonly roles: readonly string[] }[];
  };
  printAnswer(
    options,
    answer,
    answer.people.map(({ id, roles }) => `${id}  ${roles.join(", ")}`),
  );
}
