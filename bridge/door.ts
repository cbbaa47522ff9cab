/** Where frames come in, and what is kept for edges there: the bridge's own broker, or one of the user's. */
export interface Door {
  /** Where edges connect; 0 at a broker of the user's own. */
  readonly port: number;
  /** Edges whose frames this bridge takes. */
  readonly connected: number;
  /** Edges that it would take, and another bridge does. */
  readonly standingBy: number;
  /** Bytes of frames that are not committed. */
  readonly pendingBytes: number;
  /** Frames that were settled since the start. */
  readonly settledFrames: number;
  /** Gives its edges to other bridges and takes none, until takeAgain(). */
  turnAway(why: string): void;
  takeAgain(): void;
  readonly downlink: { readonly releases: number; readonly releaseBytes: number; readonly heldBack: number };
  /** Takes nothing more, commits and settles what waits, says goodbye. */
  drain(): Promise<void>;
}
