import type { SpoilKind } from '#contract/ledger-records.ts';
import { LogHistogram } from '#runtime/histogram.ts';
import type { CloseReason } from '#wire/mqtt-client.ts';

/** What a shard counts between two reports. */
export class ShardCounts {
  sent = 0;
  acked = 0;
  dropped = 0;
  lateByGenerator = 0;
  lateByWaiting = 0;
  reconnects = 0;
  /** Attempts that ended without a connection, by reason; refusals are among them. */
  readonly connectFailures = new Map<string, number>();
  readonly spoiled = new Map<SpoilKind, number>();
  readonly scheduleToSendMs = new LogHistogram();

  connectFailed(reason: CloseReason): void {
    this.connectFailures.set(reason, (this.connectFailures.get(reason) ?? 0) + 1);
  }

  spoil(kind: SpoilKind): void {
    this.spoiled.set(kind, (this.spoiled.get(kind) ?? 0) + 1);
  }

  /** The counts as they cross to the main thread; counting begins anew. */
  take(): CountsSinceLast {
    const { sent, acked, dropped, lateByGenerator, lateByWaiting, reconnects, scheduleToSendMs } = this;
    const taken: CountsSinceLast = {
      sent,
      acked,
      dropped,
      lateByGenerator,
      lateByWaiting,
      reconnects,
      connectFailures: [...this.connectFailures],
      spoiled: [...this.spoiled],
      scheduleToSend: {
        buckets: [...scheduleToSendMs.cumulativeBuckets()],
        sumMs: scheduleToSendMs.sum,
        maxMs: scheduleToSendMs.max,
      },
    };
    this.sent = this.acked = this.dropped = this.lateByGenerator = this.lateByWaiting = this.reconnects = 0;
    this.connectFailures.clear();
    this.spoiled.clear();
    scheduleToSendMs.reset();
    return taken;
  }
}

export interface CountsSinceLast {
  sent: number;
  acked: number;
  dropped: number;
  lateByGenerator: number;
  lateByWaiting: number;
  reconnects: number;
  connectFailures: [reason: string, count: number][];
  spoiled: [kind: SpoilKind, count: number][];
  scheduleToSend: { buckets: [bound: number, upTo: number][]; sumMs: number; maxMs: number };
}
