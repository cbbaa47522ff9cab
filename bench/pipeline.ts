import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { processUsage } from '#testbed/run/resources.ts';
import { secondSampleSchema, type SecondSample } from '#testbed/verdict/second.ts';
import { summarySchema, type Summary } from '#testbed/verdict/summary.ts';

/**
 * What each step of the way costs: CPU-seconds per 1,000 messages of every process, at 1,000 messages/s of 10 readings,
 * every reading scored at the edge. Between two moments of the schedule: starting up and training are not counted.
 *
 *     npm run bench:pipeline [-- options of `fleetbed run`, such as --set fleet.qos=0 or --cars 5000]
 */
const settleSeconds = 5;
/** The run is good, or its generator was late: what it cost is the same. */
const usableExitCodes = new Set<number | null>([0, 107]);

const here = path.dirname(fileURLToPath(import.meta.url));
const out = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-bench-'));
try {
  const cli = path.join(here, '../testbed/cli/main.ts');
  const run = spawn(
    process.execPath,
    [cli, 'run', path.join(here, 'pipeline.yaml'), '--out', out, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  const testbed: Used[] = [];
  const watching = setInterval(() => testbed.push(usedBy(run.pid)), 500);
  const [code] = (await once(run, 'close')) as [number | null];
  clearInterval(watching);
  if (!usableExitCodes.has(code))
    throw new Error(`the run ended with exit code ${code}: its figures would mean nothing`);
  const summary = summarySchema.parse(JSON.parse(await readFile(path.join(out, 'summary.json'), 'utf8')));
  const lines = (await readFile(path.join(out, 'metrics.ndjson'), 'utf8')).trim().split('\n');
  const samples = lines.map((line) => secondSampleSchema.parse(JSON.parse(line)));
  print(steady(samples, scoredFromSeconds(summary)), summary, testbed);
} finally {
  await rm(out, { recursive: true, force: true });
}

/** CPU-seconds that a process has used by a moment, ms since 1970. */
interface Used {
  at: number;
  cpuSeconds: number;
}

function usedBy(pid: number | undefined): Used {
  return { at: Date.now(), cpuSeconds: (pid && processUsage(pid)?.cpuSeconds) || 0 };
}

function usedAt(all: readonly Used[], at: number): number {
  return all.find((used) => used.at >= at)?.cpuSeconds ?? all.at(-1)?.cpuSeconds ?? 0;
}

/** When the last edge ran the release, in seconds of the schedule; 0 where there was no training. */
function scoredFromSeconds({ run, releases }: Summary): number {
  const [release] = releases;
  if (!release) return 0;
  if (release.convergedSeconds === null) throw new Error('not every edge ran the release');
  return (Date.parse(release.publishedAt) - Date.parse(run.startedAt)) / 1000 + release.convergedSeconds;
}

/** The samples of the schedule without its first and last seconds. */
function steady(samples: SecondSample[], scoredFrom: number): SecondSample[] {
  const from = scoredFrom + settleSeconds;
  return samples.filter((sample) => sample.t >= from && sample.sentPerSecond > 0).slice(0, -2);
}

function print(samples: SecondSample[], { fleet, latency, releases, run }: Summary, testbed: Used[]): void {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < 10) throw new Error('the run was too short for a figure');
  const seconds = last.t - first.t;
  const thousands = samples.slice(1).reduce((sum, sample) => sum + sample.sentPerSecond, 0) / 1000;
  const rows = Object.keys(last.cpuSeconds).map((name): [string, number] => [
    name,
    ((last.cpuSeconds[name] ?? 0) - (first.cpuSeconds[name] ?? 0)) / thousands,
  ]);
  const at = ({ t }: SecondSample): number => Date.parse(run.startedAt) + t * 1000;
  rows.push(['testbed, ledger', (usedAt(testbed, at(last)) - usedAt(testbed, at(first))) / thousands]);
  const total = rows.reduce((sum, [, cost]) => sum + cost, 0);
  const write = (text: string): boolean => process.stdout.write(`${text}\n`);
  const rate = Math.round((thousands * 1000) / seconds);
  const p99Ms = latency.carToKafkaMs.p99;
  write(`\n${rate} messages/s for ${seconds.toFixed(0)} s, QoS ${fleet.qos}, p99 ${p99Ms} ms to Kafka`);
  if (releases.length === 0) write('no edge ran a model: readings were not scored');
  for (const reason of run.invalidReasons) write(`not a valid run, but its cost is what it is: ${reason}`);
  write('\n  process          CPU-s per 1,000 messages    share');
  for (const [name, cost] of rows.toSorted((a, b) => b[1] - a[1])) {
    write(
      `  ${name.padEnd(16)} ${cost.toFixed(4).padStart(14)} ${`${((100 * cost) / total).toFixed(0)} %`.padStart(18)}`,
    );
  }
  write(`  ${'all'.padEnd(16)} ${total.toFixed(4).padStart(14)}`);
}
