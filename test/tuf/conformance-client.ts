import { NodeJudge } from "./judges.ts";
import { type Signer, TufRepository } from "./tuf-repository.ts";

export const NOW_MS = Date.parse("2026-11-24T12:00:00Z");
export const DAY_MS = 86_400_000;

/** A client that has one repository and the node that judges it. */
export class Client {
  readonly repo: TufRepository;
  readonly node: NodeJudge;
  constructor(root?: Buffer, repo = new TufRepository("conformance", NOW_MS)) {
    this.repo = repo;
    this.node = new NodeJudge(root ?? repo.initialRoot());
  }
  /** `accepted`, or the word. */
  refresh(atMs = NOW_MS): string {
    const verdict = this.node.judge({ served: this.repo.served, paths: [], atMs });
    return verdict.kind === "accepted" ? "accepted" : verdict.why;
  }
  download(path: string): string {
    const verdict = this.node.judge({ served: this.repo.served, paths: [path], atMs: NOW_MS });
    if (verdict.kind === "refused") return verdict.why;
    return verdict.found[0] === true ? "found" : "absent";
  }
  version(role: "root" | "timestamp" | "snapshot" | "targets"): number | undefined {
    return this.node.mark?.[role].version;
  }
}

/** After one refresh that was taken. */
export const fresh = (): Client => {
  const client = new Client();
  const first = client.refresh();
  if (first !== "accepted") throw new Error(first);
  return client;
};
export const ALL = ["root", "targets", "snapshot", "timestamp"];
export const signersOf = ({ repo }: Client, role: string): Signer[] => repo.signers.get(role) ?? [];
