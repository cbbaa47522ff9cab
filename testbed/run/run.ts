import { newRunId } from '#contract/identity.ts';
import type { Log } from '#runtime/log.ts';
import type { KafkaConfig } from '#wire/kafka.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { scheduleMs } from '../scenario/stages.ts';
import type { Clock } from '../verdict/detection/cases.ts';
import { scoreDetection, type Evidence } from '../verdict/detection/score.ts';
import type { SecondSample } from '../verdict/second.ts';
import type { Summary } from '../verdict/summary.ts';
import { adoptBatchPolicy } from './batch-policy.ts';
import { drive } from './drive.ts';
import { createFolders, programVersion, removeWork } from './folders.ts';
import type { MqttTarget } from './given-broker.ts';
import type { Run } from './live-run.ts';
import { recordDetection, releasesOf } from './models.ts';
import { writeDrivesRecord, writeResults } from './results.ts';
import { setUp } from './set-up.ts';
import { settle } from './settle.ts';
import { Status } from './status.ts';
import type { Stop } from './stop.ts';
import { summarise } from './summarise.ts';

export interface RunRequest {
  scenario: Scenario;
  /** The user's own Kafka; undefined starts one. */
  given: KafkaConfig | undefined;
  /** The user's own MQTT broker between edges and bridges. */
  mqtt?: MqttTarget | undefined;
  /** Of a recorded fleet: the drives as simulators take them, and what was read, for the results. */
  drives?: { file: string; record: object } | undefined;
  /** Folder for the results. */
  out: (run: string) => string;
  keep: boolean;
  stop: Stop;
  log: Log;
  terminal: NodeJS.WriteStream;
}

export interface RunOutcome {
  summary: Summary;
  samples: SecondSample[];
  reportFile: string;
  /** What was left up, and how to end it. */
  kept: string | undefined;
}

/**
 * Runs a scenario on real parts: sets up, drives, waits until all has arrived, and says what came of it.
 * @throws UserError when something fails to start, StoppedEarly when the user stops it before; what fails later stands in the summary
 */
export async function runScenario(request: RunRequest): Promise<RunOutcome> {
  const { stop, scenario, keep } = request;
  // Before there are parts: they inherit it.
  adoptBatchPolicy();
  const id = newRunId();
  const folders = await createFolders(id, request.out(id));
  const status = new Status(request.terminal);
  const undo: (() => Promise<void>)[] = [() => removeWork(folders)];
  try {
    if (request.drives) await writeDrivesRecord(folders.out, request.drives.record);
    const run = await setUp({ ...request, id, folders, status, undo });
    const { startedAt, unfinished } = await drive(run);
    const unsettled = await settle(run);
    status.doing('writing the report …');
    const ledger = run.ledger.result(startedAt);
    const held = heldAgainst(run, startedAt);
    const summary = summarise({
      run: id,
      version: await programVersion(),
      scenario,
      startedAt,
      endedAt: Date.now(),
      connectSeconds: run.fleet.allConnected ? run.fleet.connectSeconds : null,
      unfinished,
      ledger,
      ledgerLag: run.feed.lag(),
      scraper: run.scraper,
      collector: run.collector,
      meter: run.meter,
      faults: run.timeline?.faults ?? [],
      truthsSaid: run.truth.said,
      detection: scoreDetection(held.evidence),
      releases: releasesOf(run),
      training: { refused: run.training.refused, releaseRefusals: run.evidence.models.refusals() },
      scoredSeconds: held.scoredSeconds,
      stopped: stop.reason,
      warnings: [...run.kafka.notes, ...unsettled, ...strangers(ledger.unreadable)],
    });
    const detection = await recordDetection(run, held.evidence, held.clock);
    const samples = await run.collector.samples();
    const reportFile = await writeResults(folders.out, summary, samples, detection);
    let kept: string | undefined;
    if (keep && run.kafka.local) {
      // What is kept is not taken down: neither Kafka nor its data.
      undo.length = 0;
      run.kafka.local.kafka.keep();
      kept = keptWords(run.kafka.local.kafka.brokers, run.kafka.local.kafka.pid, folders.work);
    }
    return { summary, samples, reportFile, kept };
  } finally {
    status.clear();
    for (const step of undo.toReversed()) await step().catch((error: unknown) => request.log.warn({ error }));
  }
}

/** What the edges' alarms are held against, and by which clock. */
function heldAgainst(
  { evidence: { alarms, models }, ledger, truth, scenario, components }: Run,
  startedAt: number,
): { evidence: Evidence; clock: Clock; scoredSeconds: number } {
  const { speedup, simStartMs } = scenario.fleet;
  const endedAt = startedAt + scheduleMs(scenario.stages);
  const since = components.edges.map(({ name }) => models.activeSince(name) ?? endedAt);
  return {
    evidence: { truths: truth.truths, alarms, models, driven: ledger.driven(), speedup, endedAt },
    clock: { startedAt, simStartMs, speedup },
    scoredSeconds: Math.max(0, endedAt - Math.min(...since)) / 1000,
  };
}

function strangers(records: number): string[] {
  if (records === 0) return [];
  return [`${records} records of fleet.telemetry are no telemetry: somebody else writes there`];
}

function keptWords(brokers: string[], pid: number, dir: string): string {
  return `Kafka stays up at ${brokers.join(',')} (end it with: kill ${pid}; its data: ${dir})`;
}
