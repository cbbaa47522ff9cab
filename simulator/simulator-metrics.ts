import { LogHistogram } from '#runtime/histogram.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { ShardReport } from './shard/messages.ts';

/** How a connection ends that an edge refused (wire/mqtt-link.ts). */
const refusedPrefix = 'refused:';

/** Totals over the life of the process. */
export interface Totals {
  sent: number;
  acked: number;
  dropped: number;
  lateByGenerator: number;
  lateByWaiting: number;
  reconnects: number;
  refused: number;
  spoiled: number;
}

/** The process's metrics: counters add up what shards report, gauges are the sum of their last reports. */
export class SimulatorMetrics {
  readonly totals: Totals = {
    sent: 0,
    acked: 0,
    dropped: 0,
    lateByGenerator: 0,
    lateByWaiting: 0,
    reconnects: 0,
    refused: 0,
    spoiled: 0,
  };
  readonly #last: (ShardReport | undefined)[];
  readonly #apply: (report: ShardReport) => void;

  constructor(metrics: Metrics, shards: number) {
    this.#last = Array.from({ length: shards });
    const sum = (of: (report: ShardReport) => number) => (): number =>
      this.#last.reduce((total, report) => total + (report ? of(report) : 0), 0);
    metrics.gauge(
      'fleetbed_cars_connected',
      'Cars that are connected now.',
      sum((report) => report.connected),
    );
    metrics.gauge(
      'fleetbed_messages_unacked',
      'QoS 1 messages sent and not acknowledged.',
      sum((report) => report.unacked),
    );
    metrics.gauge(
      'fleetbed_messages_pending',
      'Messages that were due and wait to be sent.',
      sum((report) => report.pending),
    );
    metrics.gauge(
      'fleetbed_cars_not_reading',
      'Cars that read nothing from their connection, on purpose (slow-consumer).',
      sum((report) => report.deaf),
    );
    metrics.addEventLoop(() => Math.max(0, ...this.#last.map((report) => report?.eventLoopDelayP99Ms ?? 0)));
    const sent = metrics.counter('fleetbed_messages_sent_total', 'Messages handed to the network.');
    const acked = metrics.counter('fleetbed_messages_acked_total', 'QoS 1 messages that were acknowledged.');
    const late = metrics.counter(
      'fleetbed_messages_late_total',
      'Messages sent more than 1 s after they were due: the schedule was late itself (generator), or connection or window were not ready (waiting).',
      ['cause'],
    );
    const dropped = metrics.counter(
      'fleetbed_messages_dropped_total',
      'Messages that were never sent: the oldest of a car beyond its limit, and what still waited at the end.',
    );
    const reconnects = metrics.counter('fleetbed_reconnects_total', 'Connections after the first of a car.');
    const refused = metrics.counter('fleetbed_connect_refused_total', 'Connections that an edge refused.', [
      'reason',
    ]);
    const failed = metrics.counter(
      'fleetbed_connect_failed_total',
      'Attempts to connect that ended without a connection, refused ones too.',
      ['reason'],
    );
    const spoiled = metrics.counter(
      'fleetbed_messages_spoiled_total',
      'Messages that were spoiled on purpose, by what was done to them.',
      ['kind'],
    );
    const scheduleToSend = metrics.histogram(
      'fleetbed_schedule_to_send_ms',
      'From the moment a message was due to its sending.',
    );
    this.#apply = (report) => {
      sent.inc(report.sent);
      acked.inc(report.acked);
      dropped.inc(report.dropped);
      late.inc({ cause: 'generator' }, report.lateByGenerator);
      late.inc({ cause: 'waiting' }, report.lateByWaiting);
      reconnects.inc(report.reconnects);
      for (const [whole, count] of report.connectFailures) {
        const reason = whole.replace(refusedPrefix, '');
        failed.inc({ reason }, count);
        if (reason !== whole) refused.inc({ reason }, count);
      }
      for (const [kind, count] of report.spoiled) spoiled.inc({ kind }, count);
      const { buckets, sumMs, maxMs } = report.scheduleToSend;
      scheduleToSend.merge(LogHistogram.fromBuckets(buckets, sumMs, maxMs));
    };
  }

  add(shard: number, report: ShardReport): void {
    this.#last[shard] = report;
    this.#apply(report);
    const { totals } = this;
    totals.sent += report.sent;
    totals.acked += report.acked;
    totals.dropped += report.dropped;
    totals.lateByGenerator += report.lateByGenerator;
    totals.lateByWaiting += report.lateByWaiting;
    totals.reconnects += report.reconnects;
    for (const [reason, count] of report.connectFailures)
      if (reason.startsWith(refusedPrefix)) totals.refused += count;
    for (const [, count] of report.spoiled) totals.spoiled += count;
  }
}
