import type { ReleaseEntry } from '#cloud/release-shelf.ts';
import type { ReleaseManifest } from '#contract/release.ts';
import { bytes, count, seconds } from '../verdict/figures.ts';

/** A release in two lines, for a list. */
export function listLines(entry: ReleaseEntry, now: number): string[] {
  const { id, run, detector, length, created, expires, trainedOnReadings, complete } = entry;
  const facts = [
    `run ${run}`,
    detector,
    bytes(length),
    `${count(trainedOnReadings)} readings`,
    `created ${instant(created)}`,
    expires > now ? `expires ${timeLeft(expires - now)}` : 'expired',
    ...(complete ? [] : ['incomplete']),
  ];
  return [id, `  ${facts.join(' · ')}`];
}

/** What a manifest says, without its golden vectors: a name and a value a line. */
export function manifestLines(
  manifest: ReleaseManifest,
  { isComplete, now }: { isComplete: boolean; now: number },
): string[] {
  const { training, golden } = manifest;
  const chunks = some(manifest.chunks, 'chunk');
  const left = manifest.expires - now;
  const scores = golden.reduce((sum, vector) => sum + vector.scores.length, 0);
  const facts: [name: string, values: string[]][] = [
    ['run', [manifest.run]],
    ['counter', [String(manifest.counter)]],
    ['detector', [manifest.detector]],
    ['artefact', [`${bytes(manifest.length)} in ${chunks}${isComplete ? '' : ', which are not all there'}`]],
    ['SHA-256', [manifest.sha256]],
    ['trained on', [`${count(training.readings)} readings of ${count(training.vehicles)} vehicles`]],
    ['appended', [`since ${instant(training.since)}`, ...training.offsets.map(offsets)]],
    ['seed', [String(training.seed)]],
    ['features', [`${count(manifest.normalisation.mean.length)}, schema ${manifest.featureSchema}`]],
    ['thresholds', Object.entries(manifest.thresholds).map(([name, value]) => `${name} ${rounded(value)}`)],
    ['self-test', [`${some(scores, 'reading')} of ${some(golden.length, 'invented car')}`]],
    ['created', [instant(manifest.created)]],
    ['expires', [`${instant(manifest.expires)} (${left > 0 ? timeLeft(left) : 'expired'})`]],
    ['signed by', [`key ${manifest.keyId}`]],
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  const lines = facts.flatMap(([name, values]) =>
    values.map((value, index) => `  ${(index === 0 ? name : '').padEnd(width)}${value}`),
  );
  return [manifest.id, ...lines];
}

function offsets({ partition, from, to }: ReleaseManifest['training']['offsets'][number]): string {
  return `partition ${partition}: offsets ${from} to ${to}, exclusive`;
}

const dayMs = 24 * 60 * 60 * 1000;

function timeLeft(ms: number): string {
  return `in ${ms >= 2 * dayMs ? `${count(Math.floor(ms / dayMs))} days` : seconds(ms / 1000)}`;
}

/** To the second, UTC. */
function instant(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

function some(number: number, what: string): string {
  return `${count(number)} ${what}${number === 1 ? '' : 's'}`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}
