import type { WebSocket } from "ws";
import { MAX_QUEUED_BYTES, MAX_QUEUED_FRAMES, NODE_FRAME_BURST, NODE_FRAMES_PER_S } from "../../model/limits.ts";
import { createSlices, type Slices } from "./slices.ts";
import type { TimerWheel } from "./timer-wheel.ts";

/** Why a socket is not read for now; it is read again when nothing holds it any more. */
export interface Brake {
  readonly hold: () => void;
  readonly release: () => void;
}

export function brakeOf(ws: WebSocket): Brake {
  let holds = 0;
  return {
    hold() {
      holds += 1;
      if (holds === 1) ws.pause();
    },
    release() {
      holds -= 1;
      if (holds === 0) ws.resume();
    },
  };
}

/** What one node sent and nobody has read yet. */
interface Line<F> {
  readonly frames: { readonly frame: F; readonly bytes: number }[];
  bytes: number;
  readonly brake: Brake;
  readonly take: (frame: F) => void;
  tokens: number;
  filledAtMs: number;
  held: boolean;
  /** Waits for a token; the wheel puts it back. */
  resting: boolean;
  closed: boolean;
}

export interface Intake<F> {
  /** Answers where this socket's frames are put, with what each holds in memory; `close` forgets what was not read. */
  readonly line: (
    brake: Brake,
    take: (frame: F) => void,
  ) => { readonly put: (frame: F, bytes: number) => void; readonly close: () => void };
}

export interface IntakeOptions {
  readonly framesPerTurn: number;
  readonly wheel: TimerWheel;
  readonly nowMs: () => number;
}

/**
 * Frames of all nodes, one of each in turn: whoever floods waits for itself. A node has a bucket of NODE_FRAME_BURST frames
 * that fills by NODE_FRAMES_PER_S; when it is empty its socket is not read, so that its records wait in its own spool and
 * none is lost.
 */
export function createIntake<F>({ framesPerTurn, wheel, nowMs }: IntakeOptions): Intake<F> {
  const ready: Slices<Line<F>, true> = createSlices(framesPerTurn, (line) => serve(line));
  const serve = (line: Line<F>): void => {
    if (line.closed || line.resting) return;
    if (!spend(line, nowMs())) {
      line.resting = true;
      wheel.after(1_000 / NODE_FRAMES_PER_S, () => {
        line.resting = false;
        if (!line.closed) ready.put(line, true);
      });
      return;
    }
    const next = line.frames.shift();
    if (next !== undefined) {
      line.bytes -= next.bytes;
      line.take(next.frame);
    }
    if (line.held && line.frames.length === 0) {
      line.held = false;
      line.brake.release();
    }
    if (line.frames.length > 0) ready.put(line, true);
  };
  return {
    line(brake, take) {
      const bucket = { tokens: NODE_FRAME_BURST, filledAtMs: nowMs() };
      const line: Line<F> = {
        frames: [],
        bytes: 0,
        brake,
        take,
        ...bucket,
        held: false,
        resting: false,
        closed: false,
      };
      return {
        put(frame, bytes) {
          if (line.closed) return;
          line.frames.push({ frame, bytes });
          line.bytes += bytes;
          if (!line.held && (line.frames.length >= MAX_QUEUED_FRAMES || line.bytes >= MAX_QUEUED_BYTES)) {
            line.held = true;
            brake.hold();
          }
          ready.put(line, true);
        },
        close() {
          line.closed = true;
          line.frames.length = 0;
          ready.drop(line);
        },
      };
    },
  };
}

function spend(line: Pick<Line<never>, "tokens" | "filledAtMs">, nowMs: number): boolean {
  const filled = line.tokens + (Math.max(0, nowMs - line.filledAtMs) * NODE_FRAMES_PER_S) / 1_000;
  line.tokens = Math.min(NODE_FRAME_BURST, filled);
  line.filledAtMs = nowMs;
  if (line.tokens < 1) return false;
  line.tokens -= 1;
  return true;
}
