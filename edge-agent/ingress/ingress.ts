import { deadLetterCodec } from '#contract/records.ts';
import type { ReceivedMessage, Settle } from '#wire/guarded-broker.ts';
import { countArrival, type EdgeMetrics } from '../edge-metrics.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { noRows, type PackedRows } from '../outbox/packed-rows.ts';
import type { RecentWindow } from '../window/recent.ts';
import { openPayload, type Arrival, type Door, type Refusal } from './payload.ts';

export interface IngressOptions {
  edge: string;
  door: Door;
  window: RecentWindow;
  outbox: Outbox;
  metrics: EdgeMetrics;
  /** Decoded, new, and not stored yet: `settle` is called when it is durable. */
  onArrival(arrival: Arrival, windows: PackedRows, settle: Settle): void;
  /** It arrived before: `settle` is called when all is durable that arrived until now. */
  onDuplicate(settle: Settle): void;
}

const maxDetailLength = 500;

/** What happens to a car's message between the broker and the outbox. */
export class Ingress {
  readonly #options: IngressOptions;

  constructor(options: IngressOptions) {
    this.#options = options;
  }

  take(message: ReceivedMessage, settle: Settle): void {
    const { outbox, door, window, metrics } = this.#options;
    // Before the window remembers it: its sender will come again.
    if (!outbox.hasRoom()) {
      settle(new Error('the outbox has no room'));
      return;
    }
    const now = Date.now();
    const opened = openPayload(message.payload, message.name, door, now);
    if ('reason' in opened) {
      this.#refuse(message, opened, now, settle);
      return;
    }
    const { vin, session, seq } = opened.batch;
    // A client sends nothing of QoS 0 again.
    const isStored = message.qos > 0;
    const windows = opened.identified ? window.remember(vin, session, seq, { isStored }) : noRows;
    if (windows === null) {
      // Acknowledged like its original: when that is durable, and not before.
      metrics.duplicates.inc();
      this.#options.onDuplicate(settle);
      return;
    }
    countArrival(metrics, opened.batch, now);
    this.#options.onArrival(opened, windows, settle);
  }

  /** On a topic that is not its own: its connection is closed, its bytes are kept where there is room. */
  keepForbidden(message: ReceivedMessage): void {
    if (!this.#options.outbox.hasRoom()) return;
    const detail = `${message.name} may not publish to ${message.topic}`;
    this.#refuse(message, { reason: 'forbidden-topic', detail }, Date.now(), () => {});
  }

  /** Its bytes are kept, and it is acknowledged: the same bytes again would be no better. */
  #refuse(message: ReceivedMessage, refusal: Refusal, at: number, settle: Settle): void {
    const { edge, outbox, metrics } = this.#options;
    metrics.deadLetters.inc({ reason: refusal.reason });
    const { topic, name, payload } = message;
    const value = deadLetterCodec.encode({
      source: edge,
      reason: refusal.reason,
      detail: refusal.detail.slice(0, maxDetailLength),
      topic,
      key: name,
      bytes: payload,
      at,
    });
    outbox.append({ destination: 'fleet.deadletter', key: edge, value }, noRows, settle);
  }
}
