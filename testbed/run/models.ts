import { manifestKey, parseModelKey } from '#contract/release.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { topicName } from '#contract/topics.ts';
import { readHistory } from '#cloud/history.ts';
import { decodeArtefact, type Artefact } from '#model/artefact.ts';
import { readToEnd } from '#wire/kafka-reader.ts';
import type { Case, DetectionRecord } from '../verdict/detection/case.ts';
import { tellCase, worthTelling, type Clock } from '../verdict/detection/cases.ts';
import { outcomesOf, type Evidence, type Outcome } from '../verdict/detection/score.ts';
import { tenths } from '../verdict/figures.ts';
import type { Summary } from '../verdict/summary.ts';
import type { Run } from './live-run.ts';

const readTimeoutMs = 60_000;

/** Every release of a run, and how long it took until the last edge ran it. */
export function releasesOf({ training, evidence, components }: Run): Summary['releases'] {
  const edges = components.edges.map(({ name }) => name);
  return training.releases.map((release) => {
    const convergedAt = evidence.models.convergedAt(release.id, edges);
    return {
      id: release.id,
      counter: release.counter,
      trainedOnReadings: release.trainedOnReadings,
      trainSeconds: release.trainSeconds === null ? null : tenths(release.trainSeconds),
      publishedAt: new Date(release.publishedAt).toISOString(),
      convergedSeconds:
        convergedAt === undefined ? null : Math.max(0, convergedAt - release.publishedAt) / 1000,
      edges: evidence.models.edgesOf(release.id).length,
      rolledBack: false,
      reason: null,
    };
  });
}

/** What detection.json and the report's pictures say. Kafka is still there, and read to its end. */
export async function recordDetection(run: Run, evidence: Evidence, clock: Clock): Promise<DetectionRecord> {
  const seconds = (at: number): number => tenths((at - clock.startedAt) / 1000);
  const outcomes = outcomesOf(evidence);
  const spans = run.components.edges.flatMap(({ name }) => run.evidence.models.spansOf(name));
  return {
    models: spans.map(({ edge, release, from, to }) => ({
      edge,
      release,
      from: seconds(from),
      to: to === null ? null : seconds(to),
    })),
    outcomes: outcomes.map(({ truth, counts, detection }) => ({
      vin: truth.vin,
      failure: truth.failure,
      kind: truth.kind,
      counts,
      delaySeconds: detection ? (detection.first.simTime - truth.onsetSim) / 1000 : null,
    })),
    cases: await casesOf(run, worthTelling(outcomes), evidence, clock),
  };
}

async function casesOf(
  run: Run,
  outcomes: readonly Outcome[],
  { driven, models }: Evidence,
  clock: Clock,
): Promise<Case[]> {
  if (outcomes.length === 0) return [];
  const batches = await messagesOf(run, new Set(outcomes.map(({ truth }) => truth.vin)), clock.startedAt);
  const artefacts = new Map<string, Artefact>();
  const cases: Case[] = [];
  for (const outcome of outcomes) {
    const edge = driven.get(outcome.truth.vin)?.edge;
    // The release that its edge ran when it found the failure, or last.
    const spans = edge === undefined ? [] : models.spansOf(edge);
    const span = spans.find(({ release }) => release === outcome.detection?.first.release) ?? spans.at(-1);
    if (edge === undefined || span === undefined) continue;
    const artefact = artefacts.get(span.release) ?? (await readArtefact(run, span.release));
    artefacts.set(span.release, artefact);
    const model = { artefact, since: span.from, edge };
    cases.push(tellCase(outcome, batches.get(outcome.truth.vin) ?? [], model, clock));
  }
  return cases;
}

async function messagesOf(
  run: Run,
  vins: ReadonlySet<string>,
  since: number,
): Promise<Map<string, TelemetryBatch[]>> {
  const byCar = new Map<string, TelemetryBatch[]>();
  await readHistory(
    run.kafka.client,
    { run: run.id, topicPrefix: run.kafka.config.topicPrefix, since, vins },
    {
      onBatch: (batch) => {
        byCar.set(batch.vin, [...(byCar.get(batch.vin) ?? []), batch]);
      },
    },
  );
  for (const batches of byCar.values()) batches.sort((one, other) => one.simTime - other.simTime);
  return byCar;
}

/** A release's artefact, from the chunks in fleet.models. */
async function readArtefact(run: Run, release: string): Promise<Artefact> {
  const chunks = new Map<number, Buffer>();
  await readToEnd(run.kafka.client, {
    topics: [topicName('fleet.models', run.kafka.config.topicPrefix)],
    timeoutMs: readTimeoutMs,
    onBatch: (records) => {
      for (const { key, value } of records) {
        const known = key === null ? null : parseModelKey(key.toString());
        if (known?.run !== run.id || known.release !== release || known.part === 'manifest') continue;
        if (value) chunks.set(known.part, value);
      }
    },
  });
  if (chunks.size === 0) throw new Error(`${manifestKey(run.id, release)} has no chunks`);
  const inOrder = [...chunks].toSorted(([one], [other]) => one - other);
  return decodeArtefact(Buffer.concat(inOrder.map(([, bytes]) => bytes)));
}
