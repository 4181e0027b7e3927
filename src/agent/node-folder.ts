import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { isTestNodeId } from "../model/ids.ts";

/** Where everything of one node lies. Nothing else in the agent builds a path. */
export interface NodeFolder {
  readonly path: string;
  readonly evidence: string;
  readonly ledger: string;
  readonly spool: string;
  readonly kept: string;
  readonly state: string;
  /** The hub's checkpoint that this node keeps as a witness, and where two that do not agree are kept. */
  readonly hubCheckpoint: string;
  readonly splitViews: string;
  readonly key: string;
  readonly token: string;
  readonly root: string;
  readonly enrolment: string;
  readonly address: string;
  /** A Unix socket's path has little room: about a hundred characters. */
  readonly socket: string;
}

/** @throws MaintError MAINT_ERR_NODE_ID when the id is none, so that no id leaves its folder */
export function nodeFolder(dataFolder: string, node: string): NodeFolder {
  if (!isTestNodeId(node)) {
    throw new MaintError("MAINT_ERR_NODE_ID", `"${node}" is no node id`, {
      help: "letters and digits, joined by - _ or ., at most 64 characters",
    });
  }
  const path = join(dataFolder, "nodes", node);
  return {
    path,
    evidence: join(path, "evidence.db"),
    ledger: join(path, "ledger.db"),
    spool: join(path, "spool.db"),
    kept: join(path, "kept"),
    state: join(path, "state.json"),
    hubCheckpoint: join(path, "hub.checkpoint"),
    splitViews: join(path, "split-view"),
    key: join(path, "key"),
    token: join(path, "token"),
    root: join(path, "root.json"),
    enrolment: join(path, "enrolment.json"),
    address: join(path, "address.json"),
    socket: join(path, "agent.sock"),
  };
}
