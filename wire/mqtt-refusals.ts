import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';

/** Why a client, or what it sent, was not taken. */
export type RefusalReason =
  | 'bad-credentials'
  | 'foreign-client-id'
  | 'protocol-version'
  | 'oversized-packet'
  | 'malformed-packet'
  | 'qos-2'
  | 'forbidden-topic'
  | 'too-many-subscriptions'
  | 'too-many-connections'
  | 'connect-timeout'
  | 'tls-handshake'
  | 'unavailable'
  | 'rejected';

/** Why a client that had been accepted was cut off, through no bad input of its own. */
export type DropReason = 'keep-alive-timeout' | 'slow-reader' | 'taken-over' | 'disconnected';

/** Errors that end a connection carry the reason that is counted. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** One line of log a reason in this time: a fleet with a wrong password would fill the disk. */
const quietMs = 10_000;

/** Counts refusals and drops by reason, and says them. */
export class Refusals {
  readonly #log: Log;
  readonly #refused: ReturnType<Metrics['counter']>;
  readonly #dropped: ReturnType<Metrics['counter']>;
  readonly #said = new Map<string, { at: number; unsaid: number }>();

  constructor(prefix: string, log: Log, metrics: Metrics) {
    this.#log = log;
    this.#refused = metrics.counter(`${prefix}_refused_total`, 'What clients tried and were refused', [
      'reason',
    ]);
    this.#dropped = metrics.counter(`${prefix}_dropped_total`, 'Accepted clients that were cut off', [
      'reason',
    ]);
  }

  refuse(reason: RefusalReason, about: Record<string, unknown>): void {
    this.#refused.inc({ reason });
    this.#say(reason, about, 'refused');
  }

  drop(reason: DropReason, about: Record<string, unknown>): void {
    this.#dropped.inc({ reason });
    this.#say(reason, about, 'dropped');
  }

  #say(reason: string, about: Record<string, unknown>, message: string): void {
    const now = performance.now();
    const said = this.#said.get(reason);
    if (said !== undefined && now - said.at < quietMs) {
      said.unsaid++;
      return;
    }
    this.#log.warn({ ...about, reason, alsoSince: said?.unsaid ?? 0 }, message);
    this.#said.set(reason, { at: now, unsaid: 0 });
  }
}
