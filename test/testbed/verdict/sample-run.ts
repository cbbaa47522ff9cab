import { LogHistogram } from '#runtime/histogram.ts';
import { secondQuantiles, type SecondSample } from '#testbed/verdict/second.ts';
import { latencyOf, unmeasuredLatency, type Latency, type Summary } from '#testbed/verdict/summary.ts';
import { evaluate } from '#testbed/verdict/thresholds.ts';

/** A run as a real one looks: 500 cars, edge-1/bridge cut for 15 s at 20 s, the bridge killed at 45 s. */
export interface SampleRun {
  summary: Summary;
  samples: SecondSample[];
}

const cars = 500;
const cut = { from: 20.1, to: 35.1 };
const down = { from: 45, to: 48.4 };

/** The same numbers every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function sampleRun(seconds = 60): SampleRun {
  const next = random(7);
  const spread = (typical: number): number => typical * Math.exp((next() - 0.4) * 1.6);
  const all = {
    live: new LogHistogram(),
    backfill: new LogHistogram(),
    edge: new LogHistogram(),
    send: new LogHistogram(),
  };
  const samples: SecondSample[] = [];
  let waiting = 0;
  let stored = 0;
  let sent = 0;
  for (let t = -3; t <= seconds + 2; t++) {
    const rate = t <= 0 || t > seconds ? 0 : cars;
    const second = {
      live: new LogHistogram(),
      backfill: new LogHistogram(),
      edge: new LogHistogram(),
      send: new LogHistogram(),
    };
    const isCut = t > cut.from && t <= cut.to;
    const isDown = t > down.from && t <= down.to + 1;
    const through = isDown ? 0 : isCut ? rate / 2 : rate;
    for (let n = 0; n < through; n++) second.live.record(spread(t === 1 ? 60 : 26));
    let drained = 0;
    if (!isCut && !isDown && waiting > 0) {
      drained = Math.min(waiting, 2600);
      const oldest = t < 40 ? 15_000 : 4_200;
      for (let n = 0; n < drained; n++) second.backfill.record(1200 + next() * (oldest - 1200));
    }
    waiting += rate - through - drained;
    for (let n = 0; n < rate; n++) {
      second.edge.record(spread(isDown ? 5 : 3));
      second.send.record(spread(0.6));
    }
    sent += rate;
    stored += through + drained;
    for (const key of ['live', 'backfill', 'edge', 'send'] as const) all[key].merge(second[key]);
    samples.push({
      t,
      cars: t < 0 ? Math.round((cars * (t + 4)) / 4) : t > seconds ? 0 : cars,
      sentPerSecond: rate,
      ackedPerSecond: rate === 0 ? 0 : rate + Math.round((next() - 0.5) * 8),
      storedPerSecond: through + drained,
      carToKafkaMs: secondQuantiles(second.live),
      backfillMs: secondQuantiles(second.backfill),
      carToEdgeMs: secondQuantiles(second.edge),
      scheduleToSendMs: secondQuantiles(second.send),
      outboxFrames: Math.round(waiting / 6) + Math.round(next() * 3),
      outboxBytes: waiting * 850,
      bridgePendingBytes: isDown ? 0 : Math.round(next() * 40_000),
      ledgerLagRecords: Math.round(through / 8) + drained,
      ledgerLagMs: 40,
      openTransactionRecords: Math.round(through / 20),
      rssBytes: 1.05e9 + t * 2.1e6 - (isDown ? 9e7 : 0),
      rssBytesByProcess: {},
      cpuBusyRatio: 0.34 + next() * 0.1 + (drained > 0 ? 0.3 : 0) + (t < 1 ? 0.3 : 0),
      cpuSeconds: {},
    });
  }
  const summary: Summary = {
    run: {
      id: 'mz3k8f2a',
      scenario: 'quickstart',
      description:
        'A minute of 500 cars: one uplink is cut for 15 s, then the bridge is killed. Nothing may be lost.',
      seed: 42,
      startedAt: '2026-11-21T05:26:52.000Z',
      durationSeconds: seconds + 2.4,
      exitCode: 0,
      valid: true,
      invalidReasons: [],
      warnings: [],
      failure: null,
      version: '0.1.0',
    },
    fleet: { qos: 1, intervalMs: 1000, readingsPerMessage: 10, speedup: 10, edges: 2, bridges: 1 },
    cars: {
      requested: cars,
      connectedPeak: cars,
      connectSeconds: 1.4,
      connectPerSecond: cars / 1.4,
      reconnects: 0,
      refused: 0,
      connectFailures: {},
    },
    delivery: {
      sent,
      stored,
      lost: 0,
      duplicated: 0,
      reordered: 0,
      unconfirmed: 0,
      evicted: 0,
      deadLettered: 0,
      late: 0,
      dropped: 0,
    },
    deadLetters: { total: 0, unidentified: 0, byReason: {} },
    spoiled: {},
    latency: {
      scheduleToSendMs: latencyOf(all.send),
      carToEdgeMs: latencyOf(all.edge),
      carToKafkaMs: latencyOf(all.live),
      backfillMs: latencyOf(all.backfill),
      alarmMs: unmeasuredLatency,
    },
    lag: {
      ledger: { peakRecords: 2790, peakMs: 311, endRecords: 0 },
      trainer: null,
      openTransactions: { peakRecords: 512 },
    },
    ...withoutModel,
    predictions: { received: 0, missing: 0, duplicated: 0, evicted: 0 },
    truth: { said: 0, stored: 0 },
    faults: [
      { at: cut.from, endedAt: cut.to, kind: 'cut', target: 'edge-1/bridge' },
      { at: down.from, endedAt: down.to, kind: 'kill', target: 'bridge' },
    ],
    resources: {
      rssPeakBytes: 1.19e9,
      cpuSeconds: 58.2,
      byProcess: {
        kafka: { rssPeakBytes: 5.6e8, cpuSeconds: 23.1, rssSlopeBytesPerHour: null },
        bridge: { rssPeakBytes: 1.62e8, cpuSeconds: 9.8, rssSlopeBytesPerHour: null },
        'edge-1': { rssPeakBytes: 1.41e8, cpuSeconds: 7.3, rssSlopeBytesPerHour: null },
        'edge-2': { rssPeakBytes: 1.38e8, cpuSeconds: 7.1, rssSlopeBytesPerHour: null },
        'simulator-1': { rssPeakBytes: 1.94e8, cpuSeconds: 10.9, rssSlopeBytesPerHour: null },
      },
      machine: { cores: 4, memoryBytes: 25.2e9, cpuBusyRatioPeak: 0.81 },
    },
    thresholds: [],
    problems: [],
    problemsOmitted: 0,
  };
  return { summary: withThresholds(summary), samples };
}

/** The same run gone wrong in every way that it can. */
export function badRun(): SampleRun {
  const { summary, samples } = sampleRun();
  const vin = '1FTEX1CM7PKD<b>09';
  const bad: Summary = {
    ...summary,
    run: {
      ...summary.run,
      exitCode: 99,
      warnings: ['the machine was busy: CPU above 95 % in 24 of 120 s, latencies include that'],
    },
    delivery: {
      ...summary.delivery,
      stored: summary.delivery.sent - 1207,
      lost: 1200,
      deadLettered: 4,
      unconfirmed: 3,
      duplicated: 12,
      reordered: 1,
      late: 5,
      dropped: 40,
    },
    deadLetters: {
      total: 9,
      unidentified: 6,
      byReason: { truncated: 6, 'foreign-vin': 2, 'unknown-schema': 1 },
    },
    problems: [
      {
        kind: 'lost',
        vin,
        session: 5_310_211_987_441_127,
        fromSeq: 17,
        toSeq: 1216,
        edge: 'edge-1',
        at: 26.2,
        lastAt: 47,
        during: ['cut edge-1/bridge', 'kill bridge'],
      },
      {
        kind: 'duplicated',
        vin: 'WVWZZZ1JZXW000001',
        session: 77,
        fromSeq: 3,
        toSeq: 14,
        edge: 'edge-2',
        at: 49.1,
        lastAt: 49.1,
        during: ['kill bridge'],
      },
      {
        kind: 'reordered',
        vin: 'WVWZZZ1JZXW000001',
        session: 77,
        fromSeq: 2,
        toSeq: 2,
        edge: 'edge-2',
        at: 12,
        lastAt: 12,
        during: [],
      },
      {
        kind: 'unconfirmed',
        vin: 'WVWZZZ1JZXW000002',
        session: 78,
        fromSeq: 60,
        toSeq: 62,
        edge: null,
        at: null,
        lastAt: null,
        during: [],
      },
      {
        kind: 'presumedDeadLettered',
        vin: 'WVWZZZ1JZXW000003',
        session: 79,
        fromSeq: 1,
        toSeq: 4,
        edge: 'edge-2',
        at: 0.9,
        lastAt: 3.9,
        during: [],
      },
    ],
    problemsOmitted: 3,
  };
  return { summary: withThresholds(bad), samples };
}

function withThresholds(summary: Summary): Summary {
  const set = (metric: string, op: '==' | '<', value: number) => ({
    metric,
    op,
    value,
    condition: `${op} ${value}`,
  });
  const thresholds = evaluate(
    [
      set('delivery.lost', '==', 0),
      set('delivery.duplicated', '==', 0),
      set('delivery.reordered', '==', 0),
      set('latency.carToKafkaMs.p99', '<', 1000),
      set('latency.backfillMs.max', '<', 30_000),
    ],
    summary,
  );
  return { ...summary, thresholds };
}

export function latencyWith(values: readonly number[]): Latency {
  const histogram = new LogHistogram();
  for (const value of values) histogram.record(value);
  return latencyOf(histogram);
}

/** What a run without a model says of models: nothing was scored, and no score of detection exists. */
const withoutModel: Pick<Summary, 'inference' | 'releases' | 'training' | 'detection'> = {
  inference: {
    readings: 0,
    readingsPerSecond: 0,
    scoredOffline: 0,
    alarmsRaised: 0,
    alarmsCleared: 0,
    batchUs: { p50: null, p99: null },
  },
  releases: [],
  training: { refused: [], releaseRefusals: {} },
  detection: {
    recall: null,
    precision: null,
    falseAlarms: null,
    vehicleDays: null,
    falseAlarmsPerVehicleDay: null,
    engineFailures: 0,
    raises: 0,
    byMode: {},
  },
};
