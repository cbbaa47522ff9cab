/**
 * The ways in which a component's process is asked to end. A process with a control channel belongs to a testbed: it
 * leaves SIGINT (Ctrl-C reaches the whole process group) to the testbed, and ends when the channel does, so that none
 * outlives its testbed.
 */
export class ProcessEnd {
  /** Resolves at the first SIGTERM, SIGINT or end of the control channel. */
  readonly asked: Promise<'asked'>;
  /** Resolves at the second: somebody does not want to wait. */
  readonly askedAgain: Promise<'asked again'>;
  /** Rejects with the first error that nobody caught, or that was given to fail(). */
  readonly failed: Promise<never>;
  readonly fail: (error: unknown) => void;
  readonly #listeners: [event: string, listener: (...args: unknown[]) => void][];

  constructor() {
    const asked = Promise.withResolvers<'asked'>();
    const askedAgain = Promise.withResolvers<'asked again'>();
    const failed = Promise.withResolvers<never>();
    let isAsked = false;
    const ask = (): void => {
      if (isAsked) askedAgain.resolve('asked again');
      isAsked = true;
      asked.resolve('asked');
    };
    const isSupervised = process.connected;
    this.#listeners = [
      ['SIGTERM', ask],
      ['SIGINT', isSupervised ? () => {} : ask],
      // Node makes an uncaught exception of an unhandled rejection.
      ['uncaughtException', failed.reject],
    ];
    if (isSupervised) this.#listeners.push(['disconnect', ask]);
    for (const [event, listener] of this.#listeners) process.on(event, listener);
    this.asked = asked.promise;
    this.askedAgain = askedAgain.promise;
    this.failed = failed.promise;
    this.fail = failed.reject;
    // Whoever races against it later hears of it; until then it is no unhandled rejection of its own.
    this.failed.catch(() => {});
  }

  /** Gives the signals back to Node's own ways. */
  ignore(): void {
    for (const [event, listener] of this.#listeners) process.off(event, listener);
  }
}
