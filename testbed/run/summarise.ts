import os from 'node:os';
import type { Scenario } from '../scenario/scenario.ts';
import { largestStageCars } from '../scenario/stages.ts';
import { connectingOf } from '../verdict/connecting.ts';
import { tenths } from '../verdict/figures.ts';
import type { LedgerResult } from '../verdict/ledger.ts';
import { problemsInContext } from '../verdict/problem-context.ts';
import { latencyOf, type Summary } from '../verdict/summary.ts';
import { evaluate } from '../verdict/thresholds.ts';
import { exitCodes, UserError, inWords } from '#runtime/errors.ts';
import type { ReaderLag } from '#wire/kafka-reader.ts';
import type { Collector } from './collector.ts';
import type { ResourceMeter } from './resources.ts';
import type { Scraper } from './scrape.ts';
import type { StopReason } from './stop.ts';
import type { Fault } from './timeline/action.ts';

export interface RunFacts {
  run: string;
  version: string;
  scenario: Scenario;
  startedAt: number;
  endedAt: number;
  connectSeconds: number | null;
  /** Simulators that did not come to the end of their schedule, though nothing was done to them. */
  unfinished: string[];
  ledger: LedgerResult;
  /** Of the ledger's own reading, when all was read. */
  ledgerLag: ReaderLag;
  scraper: Scraper;
  collector: Collector;
  meter: ResourceMeter;
  faults: Fault[];
  /** Records of ground truth that simulators gave. */
  truthsSaid: number;
  detection: Summary['detection'];
  releases: Summary['releases'];
  training: Summary['training'];
  /** Seconds of the schedule in which edges had a model. */
  scoredSeconds: number;
  /** Why it ended early; undefined when it went to its end. */
  stopped: StopReason | undefined;
  /** What a person should know and no field says. */
  warnings: string[];
}

/** summary.json of a run: everything that was counted, and the verdict. */
export function summarise(facts: RunFacts): Summary {
  const { scenario, ledger, scraper, collector, meter } = facts;
  const validity = collector.watch.verdict({
    swappedBytes: meter.swappedBytes(),
    stolenRatio: meter.stolenRatio(),
    unfinished: facts.unfinished,
  });
  const connecting = connectingOf({
    firstCars: scenario.stages[0]?.cars ?? 0,
    ratePerSecond: scenario.connect.ratePerSecond,
    seconds: facts.connectSeconds,
    failures: scraper.counters('fleetbed_connect_failed_total', 'reason'),
  });
  const byProcess = Object.fromEntries(
    Object.entries(meter.byProcess()).map(([name, usage]) => [
      name,
      { ...usage, rssSlopeBytesPerHour: collector.memory.perHour(name) },
    ]),
  );
  const usages = Object.values(byProcess);
  const summary: Summary = {
    run: {
      id: facts.run,
      scenario: scenario.name,
      description: scenario.description ?? null,
      seed: scenario.seed,
      startedAt: new Date(facts.startedAt).toISOString(),
      durationSeconds: tenths(Math.max(0, facts.endedAt - facts.startedAt) / 1000),
      exitCode: 0,
      ...validity,
      warnings: [...connecting.notes, ...facts.warnings, ...validity.warnings],
      failure: facts.stopped instanceof Error ? words(facts.stopped) : null,
      version: facts.version,
    },
    fleet: {
      qos: scenario.fleet.qos,
      intervalMs: scenario.fleet.intervalMs,
      readingsPerMessage: scenario.fleet.readingsPerMessage,
      speedup: scenario.fleet.speedup,
      edges: scenario.edges.count,
      bridges: scenario.bridges.count,
    },
    cars: {
      requested: largestStageCars(scenario.stages),
      connectedPeak: collector.connectedPeak,
      connectSeconds: facts.connectSeconds,
      connectPerSecond: connecting.perSecond,
      reconnects: scraper.counter('fleetbed_reconnects_total'),
      refused: scraper.counter('fleetbed_connect_refused_total'),
      connectFailures: connecting.failures,
    },
    delivery: { ...ledger.delivery, late: scraper.counter('fleetbed_messages_late_total') },
    deadLetters: ledger.deadLetters,
    spoiled: ledger.spoiled,
    latency: {
      scheduleToSendMs: latencyOf(scraper.histogram('fleetbed_schedule_to_send_ms')),
      carToEdgeMs: latencyOf(scraper.histogram('fleetbed_car_to_edge_ms')),
      carToKafkaMs: latencyOf(ledger.carToKafkaMs),
      backfillMs: latencyOf(ledger.backfillMs),
      alarmMs: latencyOf(scraper.histogram('fleetbed_edge_alarm_ms')),
    },
    lag: lagOf(facts),
    inference: inferenceOf(scraper, facts.scoredSeconds),
    releases: facts.releases,
    training: facts.training,
    detection: facts.detection,
    faults: facts.faults.map((fault) => ({
      ...fault,
      at: tenths(fault.at),
      endedAt: fault.endedAt === null ? null : tenths(fault.endedAt),
    })),
    resources: {
      rssPeakBytes: meter.rssPeakBytes,
      cpuSeconds: usages.reduce((sum, usage) => sum + usage.cpuSeconds, 0),
      byProcess,
      machine: {
        cores: os.availableParallelism(),
        memoryBytes: os.totalmem(),
        cpuBusyRatioPeak: meter.cpuBusyRatioPeak,
      },
    },
    thresholds: [],
    predictions: ledger.predictions,
    truth: { said: facts.truthsSaid, stored: ledger.truthsStored },
    problems: problemsInContext(ledger.problems, facts.faults),
    problemsOmitted: ledger.problemsOmitted,
  };
  summary.thresholds = evaluate(scenario.thresholds, summary);
  summary.run.exitCode = exitCode(summary, facts.stopped);
  return summary;
}

function lagOf({ ledgerLag, scenario, scraper }: RunFacts): Summary['lag'] {
  const { records, peak } = ledgerLag;
  const history = scraper.gaugePeak('fleetbed_consumer_lag_records_max', { consumer: 'history' });
  return {
    ledger: { peakRecords: peak.records, peakMs: peak.waitedMs, endRecords: records },
    trainer: scenario.training ? { peakRecords: history } : null,
    openTransactions: { peakRecords: peak.openTransactionRecords },
  };
}

function inferenceOf(scraper: Scraper, seconds: number): Summary['inference'] {
  const readings = scraper.counter('fleetbed_edge_readings_scored_total');
  const { p50, p99 } = latencyOf(scraper.histogram('fleetbed_edge_inference_us'));
  return {
    readings,
    readingsPerSecond: seconds > 0 ? Math.round(readings / seconds) : 0,
    scoredOffline: scraper.counter('fleetbed_edge_readings_scored_total', { link: 'offline' }),
    alarmsRaised: scraper.counter('fleetbed_edge_alarms_raised_total'),
    alarmsCleared: scraper.counter('fleetbed_edge_alarms_cleared_total'),
    batchUs: { p50, p99 },
  };
}

function exitCode(summary: Summary, stopped: StopReason | undefined): number {
  if (stopped === 'user') return exitCodes.stoppedByUser;
  if (stopped) return stopped instanceof UserError ? stopped.exitCode : exitCodes.componentFailed;
  if (!summary.run.valid) return exitCodes.invalidRun;
  return summary.thresholds.every((threshold) => threshold.ok) ? exitCodes.ok : exitCodes.thresholdFailed;
}

function words(error: Error): string {
  return error instanceof UserError ? error.message : inWords(error);
}
