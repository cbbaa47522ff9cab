import type { DeadLetterReason } from '#contract/records.ts';
import type { EncodedTelemetry } from '#contract/telemetry.ts';
import type { Counter, Metrics, Tally } from '#runtime/metrics.ts';
import type { LogHistogram } from '#runtime/histogram.ts';
import type { Dropped } from './outbox/evictions.ts';

/** What an edge agent counts. */
export interface EdgeMetrics {
  messages: Tally;
  readings: Tally;
  duplicates: Counter;
  deadLetters: Counter<'reason'>;
  framesSent: Counter;
  evictedFrames: Counter;
  evictedMessages: Counter;
  commitMs: LogHistogram;
  carToEdgeMs: LogHistogram;
  inference: InferenceMetrics;
}

export interface InferenceMetrics {
  scored: Counter<'link'>;
  raised: Counter;
  cleared: Counter;
  /** One micro-batch, in microseconds. */
  us: LogHistogram;
  alarmMs: LogHistogram;
}

/** What is looked up when the metrics are read. */
export interface EdgeGauges {
  cars: () => number;
  outboxFrames: () => number;
  outboxBytes: () => number;
  waitingBytes: () => number;
  uplinkConnected: () => boolean;
  uplinkQueuedBytes: () => number;
  inferenceWaitingReadings: () => number;
}

export function edgeMetrics(metrics: Metrics): EdgeMetrics {
  return {
    messages: metrics.tally('fleetbed_edge_messages_total', 'Messages of cars that were taken, each once'),
    readings: metrics.tally('fleetbed_edge_readings_total', 'Readings in these messages'),
    duplicates: metrics.counter('fleetbed_edge_duplicates_total', 'Messages that were there already'),
    deadLetters: metrics.counter<'reason'>(
      'fleetbed_edge_dead_letters_total',
      'Messages that could not be read',
      ['reason' satisfies keyof { reason: DeadLetterReason }],
    ),
    framesSent: metrics.counter('fleetbed_uplink_frames_total', 'Frames that the bridge acknowledged'),
    evictedFrames: metrics.counter(
      'fleetbed_outbox_evicted_frames_total',
      'Frames that a full outbox dropped before the bridge had them',
    ),
    evictedMessages: metrics.counter('fleetbed_outbox_evicted_messages_total', 'Messages in these frames'),
    commitMs: metrics.histogram('fleetbed_outbox_commit_ms', 'How long a commit to disk took'),
    carToEdgeMs: metrics.histogram('fleetbed_car_to_edge_ms', 'From when a message was due to its arrival'),
    inference: inferenceMetrics(metrics),
  };
}

function inferenceMetrics(metrics: Metrics): InferenceMetrics {
  return {
    scored: metrics.counter<'link'>(
      'fleetbed_edge_readings_scored_total',
      'Readings that a model scored, while the bridge was there and while it was not',
      ['link'],
    ),
    raised: metrics.counter('fleetbed_edge_alarms_raised_total', 'Alarms that were raised'),
    cleared: metrics.counter('fleetbed_edge_alarms_cleared_total', 'Alarms that were cleared'),
    us: metrics.histogram('fleetbed_edge_inference_us', 'How long the scoring of one micro-batch took'),
    alarmMs: metrics.histogram(
      'fleetbed_edge_alarm_ms',
      'From when the message was due to the alarm that it raised',
    ),
  };
}

export function watchEdge(metrics: Metrics, gauges: EdgeGauges): void {
  metrics.gauge('fleetbed_edge_cars', 'Cars that are connected', gauges.cars);
  metrics.gauge(
    'fleetbed_outbox_frames',
    'Frames on disk that the bridge has not acknowledged',
    gauges.outboxFrames,
  );
  metrics.gauge('fleetbed_outbox_bytes', 'Bytes of these frames', gauges.outboxBytes);
  metrics.gauge('fleetbed_outbox_waiting_bytes', 'Bytes that wait for their commit', gauges.waitingBytes);
  metrics.gauge('fleetbed_uplink_connected', '1 while the bridge is there', () =>
    Number(gauges.uplinkConnected()),
  );
  metrics.gauge(
    'fleetbed_uplink_queued_bytes',
    'Bytes in memory that wait for the window',
    gauges.uplinkQueuedBytes,
  );
  metrics.gauge(
    'fleetbed_edge_inference_waiting_readings',
    'Readings that wait for their micro-batch',
    gauges.inferenceWaitingReadings,
  );
}

/** A new message of a car. */
export function countArrival(metrics: EdgeMetrics, batch: EncodedTelemetry, now: number): void {
  metrics.messages.inc();
  metrics.readings.inc(batch.readings);
  metrics.carToEdgeMs.record(Math.max(0, now - batch.scheduledAt));
}

/** Frames that left a full outbox. */
export function countDropped(metrics: EdgeMetrics, dropped: Dropped): void {
  metrics.evictedFrames.inc(dropped.frames);
  metrics.evictedMessages.inc(dropped.messages);
}
