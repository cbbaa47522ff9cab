/** What fetches retained messages: the uplink's connection, the other way. Subscriptions outlive a reconnect. */
export interface DownlinkPort {
  subscribe(filter: string): void;
  unsubscribe(filter: string): void;
}

/** Fetches single retained messages: subscribes, takes the first that comes, unsubscribes. However often the link is cut. */
export class Downlink {
  readonly #port: DownlinkPort;
  readonly #waiting = new Map<string, (payload: Buffer) => void>();

  constructor(port: DownlinkPort) {
    this.#port = port;
  }

  /** Waits for as long as nothing is retained there. @throws the signal's reason when it aborts */
  fetch(topic: string, signal: AbortSignal): Promise<Buffer> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(topic);
        signal.removeEventListener('abort', abort);
        this.#port.unsubscribe(topic);
      };
      const abort = (): void => {
        end();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort);
      this.#waiting.set(topic, (payload) => {
        end();
        resolve(payload);
      });
      this.#port.subscribe(topic);
    });
  }

  /** A message came. One that nobody waits for, or no longer, is left alone. */
  message(topic: string, payload: Buffer): void {
    // No bytes: what was retained there is withdrawn.
    if (payload.length > 0) this.#waiting.get(topic)?.(payload);
  }
}
