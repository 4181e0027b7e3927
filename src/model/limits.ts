/** Every limit the system has, by name and unit. A limit that is not here does not exist. */

export const MAX_SOURCE_BYTES = 1 << 20;
export const MAX_NESTING_DEPTH = 64;
export const MAX_CLAUSES = 10_000;
export const MAX_DIAGNOSTICS = 100;
/** Mistakes in a file's syntax after which it is not read on. */
export const MAX_MISTAKES = 500;
export const MAX_NAME_LENGTH = 64;
/** What the search for contradictions, and for readings that satisfy a contract, may cost: comparisons of exact numbers. */
export const MAX_ANALYSIS_STEPS = 500_000;
/** Combinations of test kind, order and attributes that are told apart where differences join several quantities. */
export const MAX_ANALYSIS_CELLS = 256;
/** Snapshots that are decided in search of one that a newer version of a contract allows and the older blocks. */
export const MAX_COUNTEREXAMPLES = 2_000;

export const MAX_JSON_BYTES = 4 << 20;
export const MAX_JSON_DEPTH = 64;
export const MAX_SNAPSHOT_BYTES = 16 << 20;
/** One ledger entry, in bytes; a whole decision of the largest contract fits. */
export const MAX_LEDGER_ENTRY_BYTES = 4 << 20;
export const MAX_LEDGER_BATCH = 10_000;
/** Entries that one answer holds. */
export const MAX_LEDGER_LISTED = 10_000;
/** Entries that are looked at for one answer over HTTP; who asked goes on from there. */
export const MAX_LEDGER_SCAN = 50_000;
/** Within so long, what the same person reads on in the same way is one reading in the ledger. */
export const LEDGER_READ_QUIET_MS = 5 * 60_000;
/** Readings that are told apart by it. */
export const MAX_REMEMBERED_READS = 1_000;
/** A checkpoint with everybody who signed it. */
export const MAX_NOTE_BYTES = 32 << 10;
/** What the Go implementation of signed notes takes, too. */
export const MAX_NOTE_SIGNATURES = 100;
/** Tiles of 256 tree hashes that stay in memory for proofs, about 60 KiB each. */
export const MAX_CACHED_TILES = 32;
/** A hub and a node sign where their ledger stands at most so often, and no later than this after an entry. */
export const LEDGER_CHECKPOINT_INTERVAL_MS = 1_000;
/** How often the hub shows its nodes where its ledger stands, and how many of them at one tick. */
export const WITNESS_INTERVAL_MS = 60_000;
export const WITNESSES_PER_TICK = 64;
/** Cosignatures under a checkpoint that the hub hands out; with its own they fit a note. */
export const MAX_COSIGNATURES_SHOWN = 64;
/** Why a person accepted something, at a node. */
export const MAX_REASON_TEXT = 1_000;
/** Pairs of the hub's checkpoints that do not agree, kept at a node. */
export const MAX_KEPT_SPLIT_VIEWS = 16;
/** Checkpoints kept beside a ledger; when there are more, every second one of the older half goes. */
export const MAX_KEPT_CHECKPOINTS = 1_000;

/** A decision that takes longer is a blocked one. Source: decisions.md. */
export const DECISION_BUDGET_MS = 250;
/** A clock this far behind the ledger's high-water mark blocks. Source: decisions.md B5. */
export const CLOCK_BACK_TOLERANCE_MS = 5_000;
/** A clock this far from the monotonic one warns. Source: decisions.md B5. */
export const CLOCK_JUMP_TOLERANCE_MS = 120_000;
/** Evidence dated up to this far ahead counts as dated now. Source: decisions.md B6. */
export const FUTURE_TOLERANCE_MS = 5_000;
export const MAX_REFERENCE_CHAIN = 16;
/** A test that has run for longer is no longer judged by the release it began with. */
export const MAX_RUNNING_TEST_MS = 72 * 3_600_000;
/** Tests that a node knows as running at once; one that ends makes room. */
export const MAX_RUNNING_TESTS = 1_000;
/** Records that one page of evidence shows. */
export const MAX_EVIDENCE_LISTED = 1_000;
/** How far one look ahead goes. */
export const MAX_DUE_DAYS = 3_660;
/** Instants that one look ahead decides. */
export const MAX_DUE_INSTANTS = 20_000;
/** Pairs of station type and kind of test whose contracts a gate remembers. */
export const MAX_REMEMBERED_SELECTIONS = 1_000;

/** A calibration certificate or a list of gauges that is imported, in bytes. */
export const MAX_IMPORT_BYTES = 8 << 20;
export const MAX_GAUGE_LIST_ROWS = 50_000;
export const MAX_XML_DEPTH = 64;
/** Elements, comments, CDATA sections and instructions together: canonical XML takes time with their square. */
export const MAX_XML_NODES = 10_000;
/** From the certificate that signed to a trust anchor. */
export const MAX_CERTIFICATE_CHAIN = 8;
/** Certificates and revocation lists that one signed document may carry. */
export const MAX_EMBEDDED_CERTIFICATES = 64;

/** Frames from a node. Source: distribution.md "Protocol". */
export const HUB_MAX_FRAME_BYTES = 64 << 10;
/** Parts that one message of a node may come in, and pieces of the network's that one frame may: each costs more than its bytes. */
export const HUB_MAX_FRAGMENTS = 16;
export const HUB_MAX_CHUNKS = 4_096;
/** Frames from the hub; blobs are the largest. */
export const NODE_MAX_FRAME_BYTES = 4 << 20;
export const NODE_MAX_FRAGMENTS = 256;
export const MAX_BLOB_BYTES = 3 << 20;
/** TUF metadata by kind, in bytes: tuf-js's limits, and no more than a blob holds. */
export const MAX_METADATA_BYTES = {
  root: 512_000,
  timestamp: 16_384,
  snapshot: 2_000_000,
  targets: MAX_BLOB_BYTES,
} as const;
/** Versions of the root that a node goes up from the one it was enrolled with. */
export const MAX_ROOT_ROTATIONS = 256;
/** Delegated targets roles that the search for one file goes through. */
export const MAX_DELEGATED_ROLES = 32;
export const MAX_BUFFERED_BYTES = 1 << 20;
/** A peer that takes nothing for this long is cut off. Source: quality.md, slow readers. */
export const SLOW_READER_MS = 6_000;
/** A peer that was told goodbye has this long to close. */
export const CLOSE_GRACE_MS = 1_000;
/** Nodes that may be between the TCP connection and their welcome; the rest is told when to come again. */
export const MAX_HANDSHAKES = 2_048;
/** Of them from one address: strangers behind one cannot take every place. */
export const MAX_HANDSHAKES_PER_ADDRESS = 1_536;
/** What was refused to nodes: so many have entries of their own in a minute, so many names stand in a sum of the others. */
export const MAX_REFUSALS_NAMED = 16;
export const MAX_REFUSED_SHOWN = 8;
export const REFUSALS_SUMMED_MS = 60_000;
export const UPGRADES_PER_TURN = 64;
export const PUBLISHES_PER_TURN = 256;
export const FRAMES_PER_TURN = 32;
/** What one node may send in the long run, and at once. Above it the hub stops reading from that node. */
export const NODE_FRAMES_PER_S = 50;
export const NODE_FRAME_BURST = 100;
/** Unread frames of one node at which the hub stops reading from it. */
export const MAX_QUEUED_FRAMES = 16;
/** The same in bytes: whoever is connected, known or not, has no more than this and one frame in the hub's memory. */
export const MAX_QUEUED_BYTES = 64 << 10;
/** Public keys that are kept ready to verify by; the oldest is forgotten, and made again. */
export const MAX_KNOWN_KEYS = 16_384;
export const AUTH_TIMEOUT_MS = 5_000;
export const HEADERS_TIMEOUT_MS = 4_000;
export const CONNECTIONS_CHECK_INTERVAL_MS = 500;
export const HEARTBEAT_MS = 10_000;
export const MISSED_HEARTBEATS = 3;
export const PHASE_DEADLINE_MS = 30_000;
/** How long contracts that came into force are new: without a decision they then count as good, and a fault leads back. */
export const HEALTH_WINDOW_MS = 30_000;
/** How often a node looks whether the hour of a waiting set has come. */
export const TAKE_OVER_CHECK_MS = 1_000;
/** A hub that answers, and has brought no fresh timestamp for this long after the last one expired, is reported. */
export const STALE_AFTER_MS = 60_000;
export const RECONNECT_SPREAD_MS = 2_000;
export const RECONNECT_MAX_MS = 60_000;
/** A node whose key was revoked asks this seldom whether it still is. */
export const REVOKED_RETRY_MS = 10 * 60_000;
export const RECORDS_PER_FRAME = 100;
/** Ledger entries of a node on their way to the hub: bytes of one batch before gzip, unless one entry alone is larger. */
export const LOG_BATCH_BYTES = 512 << 10;
/** What a batch may unpack to at the hub. */
export const MAX_LOG_BATCH_BYTES = MAX_LEDGER_ENTRY_BYTES + LOG_BATCH_BYTES;
/** Base64 of one part: with its envelope it fits the hub's frame. */
export const LOG_PART_CHARS = 48_000;
/** The node's own signed note beside the last part: one signature, a few hundred characters. */
export const MAX_LOG_CHECKPOINT_CHARS = 2_048;
export const MAX_LOG_PARTS = 160;
/** Parts of all nodes that wait for the rest of their batches; a hub that holds more asks the next to come later. */
export const MAX_LOG_ASSEMBLING_BYTES = 64 << 20;
/** Unpacked batches of all nodes that wait for the disk, unless one alone is larger; the next is asked to come later. */
export const MAX_LOG_WAITING_BYTES = 128 << 20;
/** How often a node looks whether its ledger grew; alerts and reports do not wait for it. */
export const LOG_INTERVAL_MS = 1_000;
/** Batches that the hub archives in one turn of its loop. */
export const LOG_BATCHES_PER_COMMIT = 4;
/** Archived entries that retention removes in one turn. */
export const MAX_REMOVED_PER_TURN = 1_000;
/** Batches of alerts that retention looks at, and at the most removes, in one turn; a batch holds RECORDS_PER_FRAME records. */
export const MAX_ALERT_BATCHES_PER_TURN = 256;
/** How often the hub looks whether any alerts are beyond their retention. */
export const ALERT_RETENTION_CHECK_MS = 3_600_000;
/** Archived entries of one answer over HTTP: each is read and unpacked while others wait. */
export const MAX_ARCHIVE_LISTED = 1_000;
/** A hundred years. */
export const MAX_RETENTION_DAYS = 36_525;
/** Records that a retention may ask to keep. */
export const MAX_RETENTION_RECORDS = 2 ** 32;
/** How often the hub looks whether anything archived is beyond its retention. */
export const RETENTION_CHECK_MS = 60_000;
/** Batches of records that a hub lets a node have under way at once. */
export const BATCH_CREDITS = 4;
/** What a node sends at once, whatever a hub allows. */
export const MAX_BATCHES_UNDER_WAY = 16;
/** How far a node looks ahead for its hub. */
export const STANDING_DAYS = 90;
export const STANDING_INTERVAL_MS = 2_000;
/** Time alone changes what a gate would say. */
export const STANDING_REFRESH_MS = 60_000;
export const MAX_STANDING_KINDS = 64;
export const MAX_STANDING_CODES = 20;
export const MAX_STANDING_DUE = 60;
export const MAX_STANDING_TEXT = 200;
/** How far the clock of an identity provider may differ. */
export const OIDC_CLOCK_TOLERANCE_MS = 60_000;
/** From its issue on, whatever a token says of itself. */
export const OIDC_TOKEN_LIFE_MS = 24 * 3_600_000;
export const MAX_OIDC_TOKEN_LENGTH = 16 << 10;
/** A provider's keys are good for this long without being asked for, and for that long where it does not answer. */
export const OIDC_KEYS_LIFE_MS = 10 * 60_000;
export const OIDC_KEYS_STALE_MS = 3_600_000;
/** How often a provider is asked, whatever keys strangers name. */
export const OIDC_KEYS_COOLDOWN_MS = 30_000;
export const OIDC_KEYS_TIMEOUT_MS = 5_000;
export const MAX_OIDC_KEYS = 100;
export const MAX_OIDC_KEYS_BYTES = 256 << 10;
/** Records that the hub commits at once, however many nodes send them. */
export const RECORDS_PER_COMMIT = 1_280;
/** How many turns of the loop a commit waits while more comes in each of them. */
export const COMMIT_GATHER_TURNS = 8;
/** Stored records that a hub holds uncounted before it counts them into their groups; every reader has them counted first. */
export const MAX_HELD_RECORDS = 10_240;
/** Groups of alerts, and streams of nodes, that are remembered between commits; the rest is looked up. */
export const MAX_REMEMBERED_GROUPS = 50_000;
/** Alerts that one entry of the ledger, or one answer, names; it counts all of them. */
export const MAX_ALERTS_NAMED = 20;
/** Rows of one page of a list, unless the asker wants fewer. */
export const MAX_LISTED = 1_000;
/** People who wait for the next alert at once; further ones are answered at once and ask again. */
export const MAX_ALERT_TAILS = 200;
/** A file that says who is told of alerts. */
export const MAX_NOTICES_FILE_BYTES = 256 << 10;
/** Messages that one channel has under way at once. */
export const NOTICES_AT_ONCE = 4;
/** Waiting messages that one look at a channel takes. */
export const NOTICES_PER_LOOK = 1_000;
/** What came through or was given up is listed for over a year, and no more than so many; the ledger has it for ever. */
export const NOTICES_KEPT_MS = 400 * 24 * 3_600_000;
export const MAX_ENDED_NOTICES = 500_000;
/** How often the outbox is looked through for what is beyond them. */
export const NOTICES_TIDY_MS = 3_600_000;
export const NOTICE_RETRY_FIRST_MS = 2_000;
export const NOTICE_RETRY_MAX_MS = 3_600_000;
export const MAX_HTTP_BODY_BYTES = 2 << 20;
export const MAX_SPOOLED_ALERTS = 100_000;
export const KEPT_RELEASES_MIN = 3;
export const ENROLMENT_TOKEN_LIFE_MS = 15 * 60_000;
export const TIME_ROUND_TRIP_MAX_MS = 5_000;

export const ALERT_PATTERN_MIN_ALERTS = 3;
export const ALERT_PATTERN_MIN_NODES = 2;

/** Reasons, by contract and condition, that one replay counts apart; further ones are counted together. */
export const MAX_REPLAY_CAUSES = 10_000;
/** Of each kind of change. */
export const MAX_REPLAY_EXAMPLES = 1_000;
/** Decisions in one block of what replay keeps, and about how many bytes they may take before they are packed. */
export const REPLAY_BLOCK_ROWS = 4_096;
export const REPLAY_BLOCK_BYTES = 16 << 20;
export const REPLAY_BLOCKS_PER_CALL = 4;
/** Replays that wait for their turn, and those whose answers a hub remembers. */
export const MAX_REPLAYS_WAITING = 8;
export const MAX_REPLAYS_KEPT = 50;
/** How long an answer that a replay goes into waits for it. */
export const REPLAY_PATIENCE_MS = 20_000;
/** Recorded decisions of so many days are asked before a version is published, */
export const IMPACT_DAYS = 30;
/** and of those that were allowed no larger share may be newly blocked without a reason. */
export const DEFAULT_IMPACT_BUDGET = 0.02;
export const MAX_REPLAY_THREADS = 4;
/** Of heap, each; a replay that takes more fails, the hub does not. */
export const REPLAY_THREAD_MIB = 512;
/** How far patterns look back from now; the widest decides what is a pattern, the others say how fresh it is. */
export const PATTERN_WINDOWS_MS = [24 * 3_600_000, 7 * 24 * 3_600_000, 30 * 24 * 3_600_000] as const;
/** Blocked decisions that are older take no part in patterns: three times the widest window. */
export const PATTERN_KEPT_MS = 90 * 24 * 3_600_000;
/** An alert that says it is from later than this ahead counts as of when it was heard. */
export const PATTERN_CLOCK_AHEAD_MS = 24 * 3_600_000;
/**
 * Alerts of this time stay whatever their retention says: patterns, the drafts of proposals and the effects of versions are counted
 * from them, by clocks that may be a day ahead.
 */
export const ALERTS_HELD_MS = PATTERN_KEPT_MS + PATTERN_CLOCK_AHEAD_MS;
/** Analyses that are kept as they were answered; the ledger has the figures of every one. */
export const PATTERN_ANALYSES_KEPT = 100;
/** Blocked decisions that are kept for one contract, condition and reason, and for all; the newest stay. */
export const MAX_PATTERN_DECISIONS = 10_000;
export const MAX_ALL_PATTERN_DECISIONS = 500_000;
/** Alerts of one decision that are kept: a button that is pressed a thousand times takes no more room. */
export const MAX_ALERTS_PER_DECISION = 20;
export const MAX_PATTERN_WINDOWS = 10;
/** Alerts that patterns take into account in one turn of the hub's loop. */
export const PATTERN_ALERTS_PER_TURN = 500;
/** Days whose counts say when a rate rose. */
export const PATTERN_SERIES_DAYS = 60;
/** A node that is blocked again within so many days has the same trouble still. */
export const PATTERN_SAME_TROUBLE_DAYS = 7;
/** Patterns of one analysis, those of most decisions; the rest is counted. The same of reviews. */
export const MAX_PATTERNS_LISTED = 200;
/** Alerts that one pattern names, the newest; all are counted. */
export const MAX_PATTERN_ALERTS = 1_000;
/** What is called unusual is so by chance in at most one look of a hundred. */
export const PATTERN_ALPHA = 0.01;
/** Of nodes that are called outstanding, so many are so by chance. */
export const PATTERN_FALSE_SHARE = 0.05;
/** What is called over-represented is so by chance in at most one look of twenty. */
export const PATTERN_FACTOR_ALPHA = 0.05;
/** About so many archived decisions one proposal reads, of more a fair share; and how far back. */
export const MAX_PROPOSAL_DECISIONS = 50_000;
/** Alerts of that time that it reads, the newest. */
export const MAX_PROPOSAL_ALERTS = 50_000;
export const PROPOSAL_LOOK_BACK_MS = 90 * 24 * 3_600_000;
/** Alerts of one contract that the effect of a version is counted from. */
export const MAX_EFFECT_ALERTS = 100_000;
/** About so many archived decisions the search for factors reads; of more a fair share. */
export const MAX_FACTOR_DECISIONS = 20_000;
/** Boxes of ranges of serial numbers that one search for the least likely range looks at; beyond them the best one found counts. */
export const MAX_RANGE_BOXES = 250_000;

/** Decisions and evidence records that one audit report holds; more are asked for in several. */
export const MAX_REPORT_DECISIONS = 5_000;
export const MAX_REPORT_EVIDENCE = 20_000;
/** Messages about one incident that an audit report lists; of an emergency every second may bring one. It says how many more there were. */
export const MAX_REPORT_MESSAGES = 200;
/** An audit report's file, and what the entries in it unpack to, in bytes. */
export const MAX_REPORT_BYTES = 256 << 20;
/** Parts and tests that one impact may reach. */
export const MAX_IMPACT_ITEMS = 100_000;
/** How often the hub looks at an impact anew by itself, */
export const IMPACT_REVISIT_MS = 6 * 3_600_000;
/** and for how long after it was closed: a node that was away longer is looked at when somebody asks. */
export const IMPACT_REVISITED_MS = 400 * 24 * 3_600_000;
/** Archived decisions that an impact reads in one turn of the hub's loop. */
export const IMPACT_DECISIONS_PER_TURN = 50;
