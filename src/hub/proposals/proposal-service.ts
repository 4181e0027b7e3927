import { createHash } from "node:crypto";
import { oneAtATime } from "../../base/one-at-a-time.ts";
import { type ContractId, nextVersion, type Version } from "../../model/ids.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import type { KnownContract, Principal } from "../ports.ts";
import { badRequest, conflict } from "../refusals.ts";
import type { Draft } from "./draft-proposal.ts";
import { unifiedDiff } from "./line-diff.ts";
import type { Proposal, ProposalEffect, ProposalKind } from "./proposal.ts";
import { checksOf, newClausesIn } from "./proposal-checks.ts";
import { draftingOf, type ProposalRequest } from "./proposal-drafting.ts";
import { measuredEffect, measuredEffects } from "./proposal-effect.ts";
import { guardFindings, looserFindings } from "./proposal-guard.ts";
import type { InForce, ProposalPorts } from "./proposal-ports.ts";
import { withReplay } from "./proposal-replay.ts";
import {
  aliveProposal,
  citedAlerts,
  getProposal,
  insertProposal,
  listProposals,
  updateProposal,
} from "./proposal-store.ts";
import { type ContractStudy, studyOf } from "./proposal-study.ts";
import { relatedContract, sameChanges } from "./related-contracts.ts";

export type { Proposal, ProposalEffect, ProposalState } from "./proposal.ts";

export interface ProposalService {
  /**
   * Drafts the next version; while one is open or accepted for the same cause and version, answers that one.
   * @throws MaintError NOT_FOUND for an unknown pattern, CONFLICT saying why nothing can be proposed
   */
  readonly create: (request: ProposalRequest, by: Principal) => Promise<Proposal>;
  /** What could be proposed for a contract beside its patterns. @throws MaintError CONFLICT where no version is in force */
  readonly study: (contract: ContractId) => Promise<ContractStudy>;
  /** Newest first. */
  readonly list: () => Promise<readonly Proposal[]>;
  /** Ids of alerts that proposals name which are neither rejected nor stored: whoever decides looks at them. */
  readonly citedAlerts: () => Promise<readonly string[]>;
  /** @throws MaintError NOT_FOUND */
  readonly get: (id: string) => Promise<Proposal>;
  /**
   * Another text in the place of the drafted one, which is kept beside it. It is checked, tried and proved to loosen nothing.
   * @throws MaintError NOT_FOUND; BAD_REQUEST without a reason or where the text does not hold; CONFLICT when it was decided
   */
  readonly edit: (
    id: string,
    edit: { readonly text: string; readonly reason: string },
    by: Principal,
  ) => Promise<Proposal>;
  /**
   * Makes the draft of the next version, and proposals for the other contracts of a template that it changes. Nothing is
   * validated, signed or stored by this.
   * @throws MaintError NOT_FOUND; CONFLICT when it was decided, when another version is in force, or a draft is there
   */
  readonly accept: (id: string, by: Principal, note: string, options?: AcceptOptions) => Promise<Accepted>;
  /** @throws MaintError NOT_FOUND, BAD_REQUEST without a reason, CONFLICT when it was decided */
  readonly reject: (id: string, by: Principal, reason: string) => Promise<Proposal>;
  /** What the version did since it is in force. @throws MaintError NOT_FOUND, CONFLICT before it is */
  readonly effect: (id: string) => Promise<ProposalEffect>;
  /** Of every deployed proposal of a contract, by its version. */
  readonly effects: (contract: ContractId) => Promise<readonly ProposalEffect[]>;
  /** For the part that stores releases: an accepted proposal whose contract got its next version is `deployed`. */
  readonly noteStored: (contract: ContractId, version: Version, by: string) => Promise<readonly Proposal[]>;
}

export interface AcceptOptions {
  /** The tests that were made for what is new become part of the draft. */
  readonly withTests?: boolean;
}

export type DraftFacts = Pick<KnownContract, "contract" | "status" | "parent" | "domain">;

export interface Accepted {
  readonly proposal: Proposal;
  readonly draft: DraftFacts;
  /** The same change of the template, for the others made from it. */
  readonly spread: readonly Proposal[];
}

export function createProposalService(ports: ProposalPorts): ProposalService {
  const serially = oneAtATime();
  return {
    create: (request, by) => serially(() => create(ports, request, by)),
    study: (contract) => studyOf(ports, contract),
    list: () => listProposals(ports),
    citedAlerts: () => citedAlerts(ports),
    get: (id) => getProposal(ports, id),
    edit: (id, edited, by) => serially(() => edit(ports, id, edited, by)),
    accept: (id, by, note, options = {}) => serially(() => accept(ports, { id, by, note, ...options })),
    reject: (id, by, reason) => serially(() => reject(ports, id, by, reason)),
    effect: async (id) => measuredEffect(ports, await getProposal(ports, id)),
    effects: async (contract) =>
      measuredEffects(
        ports,
        (await listProposals(ports)).filter((one) => one.contract === contract),
      ),
    noteStored: (contract, version, by) => serially(() => noteStored(ports, contract, version, by)),
  };
}

async function create(ports: ProposalPorts, request: ProposalRequest, by: Principal): Promise<Proposal> {
  const { kind, cause, alerts, current, draft } = await draftingOf(ports, request);
  const alive = await aliveProposal(ports, cause, current.version);
  if (alive !== undefined) return withReplay(ports, alive, current.bundle);
  const drafted = await draft();
  const about = request.kind === "pattern" ? request.pattern : request.contract;
  if (!drafted.ok) throw conflict(`no clause can be proposed for ${about}: ${drafted.error}`);
  const kept = await keep(ports, { kind, cause, alerts, current, by, after: null, ...drafted.value });
  return withReplay(ports, kept, current.bundle);
}

interface NewProposal extends Draft {
  readonly kind: ProposalKind;
  readonly cause: string;
  readonly alerts: readonly string[];
  readonly current: InForce;
  readonly by: Principal;
  readonly after: string | null;
}

async function keep(ports: ProposalPorts, made: NewProposal): Promise<Proposal> {
  const { contract, domain, version, text: before, bundle } = made.current;
  const problemOf = (text: string, other: InForce) => looserFindings(text, other.bundle, ports.tools)[0];
  const same = await sameChanges(ports, { contract, before, after: made.text });
  const row = {
    ...{ contract, domain, from_version: version, pattern: made.cause, alerts: JSON.stringify(made.alerts) },
    ...{ text: made.text, diff: made.diff, clause: made.clause, reason: made.reason, state: "open" },
    statistics: JSON.stringify(made.statistics),
    ...{ created_by: made.by.id, created_at_ms: ports.clock.nowMs(), kind: made.kind, after_proposal: made.after },
    ...{ decided_by: null, decided_at_ms: null, decision_note: null, deployed_version: null },
    checks: JSON.stringify((await checksOf(made.text, bundle, ports.tools)) ?? null),
    related: JSON.stringify(same.map((one) => relatedContract(one, problemOf))),
  };
  return insertProposal(ports, row, (proposal) => entryOf(proposal, "drafted", made.by.id, proposal.reason));
}

const MAX_REASON = 2_000;

function reasoned(text: string, what: string): string {
  const reason = text.trim();
  if (reason === "" || reason.length > MAX_REASON)
    throw badRequest(`${what} needs its reason, of 1 to ${MAX_REASON} characters`);
  return reason;
}

async function edit(
  ports: ProposalPorts,
  id: string,
  given: { readonly text: string; readonly reason: string },
  by: Principal,
): Promise<Proposal> {
  const reason = reasoned(given.reason, "an edit");
  const proposal = await openOne(ports, id);
  const current = await improvedBy(ports, proposal);
  const { text } = given;
  if (text === proposal.text) throw badRequest(`${id}: the text is the one that is proposed already`);
  const [finding] = looserFindings(text, current.bundle, ports.tools);
  if (finding !== undefined)
    throw badRequest(
      `the edited text does not hold: ${finding}`,
      "what loosens is no proposal: make it with maint contract create; two people sign it",
    );
  const edits = [...proposal.edits, { by: by.id, atMs: ports.clock.nowMs(), reason, before: proposal.text }];
  const names = [proposal.fromVersion, nextVersion(proposal.fromVersion)].map((one) => `${proposal.contract}@${one}`);
  const diff = unifiedDiff({ name: names[0] ?? "", text: current.text }, { name: names[1] ?? "", text });
  const fresh = newClausesIn(text, current.bundle, ports.tools).map((clause) => clause.text);
  const clause = fresh.length === 0 ? proposal.clause : fresh.join("; ");
  const checks = (await checksOf(text, current.bundle, ports.tools)) ?? null;
  const change = { text, diff, clause, edits: JSON.stringify(edits), checks: JSON.stringify(checks) };
  const edited = await updateProposal(
    ports,
    id,
    change,
    entryOf({ ...proposal, text, clause, edits }, "edited", by.id, reason),
  );
  return withReplay(ports, edited, current.bundle);
}

/** @throws MaintError CONFLICT where another version is in force by now */
async function improvedBy(ports: ProposalPorts, { id, contract, fromVersion }: Proposal): Promise<InForce> {
  const current = await ports.contracts.current(contract);
  if (current?.version === fromVersion && current.bundle !== null)
    return { ...current, version: fromVersion, bundle: current.bundle };
  throw conflict(`${id} improves ${fromVersion}; ${current?.version ?? "no version"} of ${contract} is in force`);
}

interface AcceptRequest extends AcceptOptions {
  readonly id: string;
  readonly by: Principal;
  readonly note: string;
}

async function accept(ports: ProposalPorts, { id, by, note, withTests = false }: AcceptRequest): Promise<Accepted> {
  const proposal = await openOne(ports, id);
  const current = await improvedBy(ports, proposal);
  const { domain, fromVersion: parent, checks, edits } = proposal;
  const text = withTests && checks !== null ? `${proposal.text.trimEnd()}\n\n${checks.madeTests.text}` : proposal.text;
  // Once more before a person's word makes it a draft: what was stored at the hub is not trusted either.
  const [finding] = guardFindings({ ...proposal, text }, current.bundle, ports.tools);
  if (finding !== undefined) throw conflict(`${id} does not hold: ${finding}`);
  const changes = [
    `${id}: ${proposal.clause}`,
    proposal.reason,
    ...edits.map((one) => `edited by ${one.by}: ${one.reason}`),
  ];
  // The decision comes last: whatever cuts this off, it is accepted again and finds what was made already.
  const draft =
    (await begunDraft(ports, proposal)) ?? (await ports.contracts.createDraft({ text, domain, parent, changes }, by));
  const others = await spread(ports, proposal, current, by);
  return { proposal: await decide(ports, proposal, "accepted", by, note), draft, spread: others };
}

/** The open draft of the contract, where this proposal made it and was cut off before it was accepted. */
async function begunDraft(
  { contracts }: ProposalPorts,
  { id, contract, clause, fromVersion, domain }: Proposal,
): Promise<DraftFacts | undefined> {
  const own = (await contracts.history(contract)).find(
    ({ version, status, changes }) =>
      version === null && (status === "draft" || status === "validated") && changes[0] === `${id}: ${clause}`,
  );
  return own === undefined ? undefined : { contract, status: own.status, parent: fromVersion, domain };
}

/** People decide for each contract by itself: its own readings, its own tests, its own signatures. */
async function spread(
  ports: ProposalPorts,
  proposal: Proposal,
  current: InForce,
  by: Principal,
): Promise<readonly Proposal[]> {
  const made: Proposal[] = [];
  // What repeats a change was proposed for all of them already.
  if (proposal.kind === "template") return made;
  const of = { contract: proposal.contract, before: current.text, after: proposal.text };
  for (const change of await sameChanges(ports, of)) {
    const { text, template, current: other } = change;
    const cause = `template ${template} ${proposal.id} ${other.contract}`;
    const alive = await aliveProposal(ports, cause, other.version);
    if (alive !== undefined) made.push(alive);
    if (text === null || alive !== undefined || looserFindings(text, other.bundle, ports.tools).length > 0) continue;
    const { diff } = relatedContract(change, () => undefined);
    const kept = await keep(ports, {
      ...{ kind: "template", cause, alerts: [], current: other, by, after: proposal.id },
      ...{ text, diff: diff ?? "", clause: proposal.clause, statistics: proposal.statistics },
      reason: `${proposal.id} changed the template ${template}, which ${other.contract} is made from too. ${proposal.reason}`,
    });
    // Who accepts does not wait for the replays of all the others.
    withReplay(ports, kept, other.bundle).catch(ports.failed);
    made.push(kept);
  }
  return made;
}

async function reject(ports: ProposalPorts, id: string, by: Principal, given: string): Promise<Proposal> {
  const reason = reasoned(given, "a rejection");
  return decide(ports, await openOne(ports, id), "rejected", by, reason);
}

async function openOne(ports: ProposalPorts, id: string): Promise<Proposal> {
  const proposal = await getProposal(ports, id);
  if (proposal.state !== "open") {
    throw conflict(`${id} was ${proposal.state} already`, `by ${proposal.decision?.by ?? "nobody"}`);
  }
  return proposal;
}

async function decide(
  ports: ProposalPorts,
  proposal: Proposal,
  state: "accepted" | "rejected",
  by: Principal,
  given: string,
): Promise<Proposal> {
  const note = given.trim();
  const entry = entryOf(proposal, state, by.id, note === "" ? proposal.reason : note);
  const change = { state, decided_by: by.id, decided_at_ms: ports.clock.nowMs(), decision_note: note };
  return updateProposal(ports, proposal.id, change, entry);
}

async function noteStored(ports: ProposalPorts, contract: ContractId, version: Version, by: string) {
  const waiting = (await listProposals(ports)).filter(
    (known) => known.contract === contract && known.state === "accepted",
  );
  const deployed: Proposal[] = [];
  for (const proposal of waiting) {
    if (nextVersion(proposal.fromVersion) !== version) continue;
    const entry = entryOf(proposal, "deployed", by, `it became ${contract}@${version}`);
    deployed.push(await updateProposal(ports, proposal.id, { state: "deployed", deployed_version: version }, entry));
  }
  return deployed;
}

function entryOf(proposal: Proposal, action: string, by: string, details: string): LedgerRecord {
  const { id, contract, fromVersion, kind, pattern, after, alerts, clause, reason, statistics, edits, text } = proposal;
  const metadata = {
    ...{ proposal: id, parent: fromVersion, kind, pattern, after, alerts, changes: [clause], reason, statistics },
    edits: edits.length,
    text_sha256: createHash("sha256").update(text).digest("hex"),
  };
  const target = `${contract}@${fromVersion}`;
  return { action_type: "proposal", action, target, details, user_id: by, smart_id: contract, metadata };
}
