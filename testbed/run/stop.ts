/** Why a run ends before its scenario does. */
export type StopReason = 'user' | Error;

/** The one place that says that a run is to end early, and that every waiting step listens to. */
export class Stop {
  reason: StopReason | undefined;
  readonly requested: Promise<void>;
  #resolve: () => void = () => {};

  constructor() {
    this.requested = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The first reason counts. */
  request(reason: StopReason): void {
    this.reason ??= reason;
    this.#resolve();
  }

  /** Resolves after this long, or at once when the run is to end. */
  async wait(ms: number): Promise<void> {
    if (this.reason || ms <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([passed, this.requested]);
    clearTimeout(timer);
  }

  /** Waits until the condition holds, the time has passed, or the run is to end. @returns whether it holds */
  async until(condition: () => boolean, timeoutMs: number, everyMs = 100): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (!condition() && !this.reason && Date.now() < deadline) await this.wait(everyMs);
    return condition();
  }
}
