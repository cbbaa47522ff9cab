import { count, measured, plural, seconds, seqRange } from './figures.ts';
import type { Problem, ProblemKind, Summary } from './summary.ts';

/** The verdict in words: the same on the screen, in the report and in JUnit's file. */
export interface Verdict {
  word: 'PASSED' | 'FAILED' | 'INVALID' | 'STOPPED' | 'BROKEN';
  tone: 'good' | 'bad' | 'warning';
  /** Why, as half a sentence. */
  reason: string;
}

/** Follows the exit code: 0, 99, 105, 106, 107. */
export function verdictOf(summary: Summary): Verdict {
  const { run, thresholds } = summary;
  const failed = thresholds.filter((threshold) => !threshold.ok);
  switch (run.exitCode) {
    case 0:
      return { word: 'PASSED', tone: 'good', reason: heldWords(thresholds.length) };
    case 99:
      return {
        word: 'FAILED',
        tone: 'bad',
        reason:
          failed.length === 1 && failed[0]
            ? `${failed[0].metric} is ${measured(failed[0].actual, failed[0].metric)}, not ${failed[0].condition}`
            : `${failed.length} of ${thresholds.length} thresholds did not hold`,
      };
    case 105:
      return {
        word: 'STOPPED',
        tone: 'warning',
        reason: `by the user after ${seconds(run.durationSeconds)}`,
      };
    case 107:
      return { word: 'INVALID', tone: 'bad', reason: run.invalidReasons[0] ?? 'the generator was starved' };
    default:
      return { word: 'BROKEN', tone: 'bad', reason: run.failure ?? `exit code ${run.exitCode}` };
  }
}

/** What became of the messages, as sentences that can be read aloud. */
export function deliverySentences(summary: Summary): string[] {
  const { delivery, cars, fleet } = summary;
  if (delivery.sent === 0) return ['No message was sent.'];
  const readings = count(delivery.sent * fleet.readingsPerMessage);
  const sent = `${plural(cars.connectedPeak, 'car')} sent ${plural(delivery.sent, 'message')} (${readings} readings).`;
  return [
    sent,
    whereTheyAre(delivery),
    ...whatElse(delivery),
    ...whatWasSpoiled(summary),
    ...whatElseIsMissing(summary),
  ];
}

function whereTheyAre(delivery: Summary['delivery']): string {
  const { stored, sent, duplicated, reordered } = delivery;
  if (stored === sent) {
    if (duplicated + reordered === 0)
      return 'Every single one is in Kafka, exactly once and in order. Nothing was lost.';
    return 'Every single one is in Kafka. Nothing was lost.';
  }
  const elsewhere = [
    [delivery.lost, 'lost'],
    [delivery.deadLettered, 'in dead letters'],
    [delivery.evicted, 'evicted from an outbox'],
    [delivery.unconfirmed, 'unconfirmed: never acknowledged and found nowhere'],
  ] as const;
  const parts = elsewhere
    .filter(([number]) => number > 0)
    .map(([number, where]) => `${count(number)} ${number === 1 ? 'is' : 'are'} ${where}`);
  const lost = delivery.lost === 0 ? ' Nothing was lost.' : '';
  const kept = `${count(stored)} ${stored === 1 ? 'is' : 'are'} in Kafka`;
  return `${kept}; ${listed(parts)}.${lost}`;
}

function whatElse(delivery: Summary['delivery']): string[] {
  const parts: string[] = [];
  const { duplicated, reordered, late, dropped } = delivery;
  if (duplicated > 0) parts.push(`${count(duplicated)} arrived more than once`);
  if (reordered > 0) parts.push(`${count(reordered)} arrived out of order`);
  if (late > 0) parts.push(`${count(late)} left more than a second late`);
  if (dropped > 0) parts.push(`${count(dropped)} never left the car`);
  return parts.length > 0 ? [`Besides, ${listed(parts)}.`] : [];
}

const spoiledWords: Record<string, string> = { reorder: 'out of order', 'wrong-schema': 'of another schema' };

function whatWasSpoiled({ spoiled }: Summary): string[] {
  const parts = Object.entries(spoiled).map(
    ([kind, number]) => `${count(number)} ${spoiledWords[kind] ?? kind}`,
  );
  return parts.length > 0 ? [`Spoiled on purpose: ${parts.join(', ')}.`] : [];
}

/** What does not add up beside the messages: predictions and ground truth. */
function whatElseIsMissing({ predictions, truth }: Summary): string[] {
  const sentences: string[] = [];
  if (predictions && predictions.missing + predictions.duplicated > 0) {
    const { missing, duplicated } = predictions;
    sentences.push(
      `Of the edges' predictions, ${count(missing)} are missing and ${count(duplicated)} arrived more than once.`,
    );
  }
  if (truth && truth.said !== truth.stored) {
    sentences.push(
      `The simulators said ${plural(truth.said, 'truth')}; ${count(truth.stored)} are in Kafka.`,
    );
  }
  return sentences;
}

/** The five places where a sent message can be, in the equation's order. */
export function equationTerms(
  delivery: Summary['delivery'],
): { name: string; value: number; bad: boolean }[] {
  const { stored, deadLettered, evicted, lost, unconfirmed } = delivery;
  return [
    { name: 'stored', value: stored, bad: false },
    { name: 'dead letters', value: deadLettered, bad: deadLettered > 0 },
    { name: 'evicted', value: evicted, bad: evicted > 0 },
    { name: 'lost', value: lost, bad: lost > 0 },
    { name: 'unconfirmed', value: unconfirmed, bad: unconfirmed > 0 },
  ];
}

/** The latencies that this run measured, in the order in which a message meets them. */
export function latencyRows(
  summary: Summary,
): { name: string; latency: Summary['latency']['carToKafkaMs'] }[] {
  const { latency } = summary;
  const rows = [
    { name: 'schedule to send', latency: latency.scheduleToSendMs },
    { name: 'car to edge', latency: latency.carToEdgeMs },
    { name: 'car to Kafka, live', latency: latency.carToKafkaMs },
    { name: 'car to Kafka, backfill', latency: latency.backfillMs },
    { name: 'alarm', latency: latency.alarmMs },
  ];
  return rows.filter((row) => row.latency.count > 0);
}

export type Fault = Summary['faults'][number];

export function faultOutcome(fault: Fault): string {
  if (fault.kind === 'fail') return 'from then on';
  if (fault.kind === 'reset' || fault.kind === 'storm') return 'at once';
  if (fault.endedAt === null) return 'until the end';
  const lasted = seconds(Math.max(0, fault.endedAt - fault.at));
  const wasDown = fault.kind === 'kill' || fault.kind === 'restart';
  return wasDown ? `back after ${lasted}` : `for ${lasted}`;
}

const problemWords: Record<ProblemKind, string> = {
  lost: 'lost',
  duplicated: 'duplicated',
  reordered: 'out of order',
  unconfirmed: 'unconfirmed',
  evicted: 'evicted',
  deadLettered: 'dead letter',
  presumedDeadLettered: 'dead letter (presumed)',
};

export function problemKindWords(kind: ProblemKind): string {
  return problemWords[kind];
}

export function problemSentence(problem: Problem): string {
  const edge = problem.edge === null ? '' : ` (${problem.edge})`;
  const which = `car ${problem.vin}, session ${problem.session}, ${seqRange(problem)}${edge}`;
  const { during } = problem;
  const meanwhile = during.length === 0 ? '' : ` during ${listed(during)}`;
  return `${problemWords[problem.kind]}: ${which}${problemTime(problem, ' at ')}${meanwhile}`;
}

/** 42.1 s, or 42.1 s to 1 min 03 s; empty where it is not known. Before the schedule's zero it says -2 s. */
export function problemTime({ at, lastAt }: Pick<Problem, 'at' | 'lastAt'>, before = ''): string {
  if (at === null) return '';
  const until = lastAt === null || lastAt === at ? '' : ` to ${seconds(lastAt)}`;
  return `${before}${seconds(at)}${until}`;
}

function heldWords(thresholds: number): string {
  if (thresholds === 0) return 'the scenario sets no threshold';
  return thresholds === 1 ? 'the threshold held' : `all ${thresholds} thresholds held`;
}

/** a, b and c */
function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
