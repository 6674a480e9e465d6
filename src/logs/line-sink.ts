// Where whole lines go: a rotating file, a stream of this process, or nowhere. (Cluster process and manager.)

export interface LineSink {
  /**
   * Takes whole lines: the last byte is a newline. False: the sink is full; it has taken these lines all the same, and
   * calls the `onDrain` that it was made with when it wants more.
   */
  write(lines: Buffer): boolean;
  readonly full: boolean;
  /** Resolves when all that was taken before this call is written, or cannot be written for the time being. */
  flush(): Promise<void>;
  /** Writes what it has, for at most `deadline` milliseconds, then lets go of everything. Lines given later are lost. */
  close(deadline: number): Promise<void>;
}

/** For `off`. */
export const nullSink: LineSink = {
  write: () => true,
  full: false,
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
