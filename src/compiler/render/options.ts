export type Paint = (style: "error" | "warning" | "bold" | "faint", text: string) => string;

export interface RenderOptions {
  /** The text of a checked file, for the excerpt; undefined where it cannot be shown. */
  readonly textOf: (file: string) => string | undefined;
  /** Colours, where the reader is a terminal. */
  readonly paint?: Paint;
}
