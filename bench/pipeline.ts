import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { secondSampleSchema, type SecondSample } from '#testbed/verdict/second.ts';
import { summarySchema } from '#testbed/verdict/summary.ts';

/**
 * What each step of the way costs: CPU-seconds per 1,000 messages of every process, at 1,000 messages/s, between two
 * moments of the schedule, so that starting up is not counted.
 *
 *     npm run bench:pipeline [-- options of `fleetbed run`]
 */
const settleSeconds = 5;

const here = path.dirname(fileURLToPath(import.meta.url));
const out = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-bench-'));
try {
  const cli = path.join(here, '../testbed/cli/main.ts');
  const run = spawn(
    process.execPath,
    [cli, 'run', path.join(here, 'pipeline.yaml'), '--out', out, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  const [code] = (await once(run, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the run ended with exit code ${code}: its figures would mean nothing`);
  const summary = summarySchema.parse(JSON.parse(await readFile(path.join(out, 'summary.json'), 'utf8')));
  const lines = (await readFile(path.join(out, 'metrics.ndjson'), 'utf8')).trim().split('\n');
  const samples = lines.map((line) => secondSampleSchema.parse(JSON.parse(line)));
  print(steady(samples), summary.latency.carToKafkaMs.p99);
} finally {
  await rm(out, { recursive: true, force: true });
}

/** The samples of the schedule without its first and last seconds. */
function steady(samples: SecondSample[]): SecondSample[] {
  const inSchedule = samples.filter((sample) => sample.t >= settleSeconds && sample.sentPerSecond > 0);
  return inSchedule.slice(0, -2);
}

function print(samples: SecondSample[], p99Ms: number | null): void {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < 10) throw new Error('the run was too short for a figure');
  const seconds = last.t - first.t;
  const thousands = samples.slice(1).reduce((sum, sample) => sum + sample.sentPerSecond, 0) / 1000;
  const rows = Object.keys(last.cpuSeconds).map((name): [string, number] => [
    name,
    ((last.cpuSeconds[name] ?? 0) - (first.cpuSeconds[name] ?? 0)) / thousands,
  ]);
  const total = rows.reduce((sum, [, cost]) => sum + cost, 0);
  const write = (text: string): boolean => process.stdout.write(`${text}\n`);
  write(
    `\n${Math.round((thousands * 1000) / seconds)} messages/s for ${seconds.toFixed(0)} s, QoS 1, p99 ${p99Ms} ms to Kafka`,
  );
  write('\n  process          CPU-s per 1,000 messages    share');
  for (const [name, cost] of rows.toSorted((a, b) => b[1] - a[1])) {
    write(
      `  ${name.padEnd(16)} ${cost.toFixed(4).padStart(14)} ${`${((100 * cost) / total).toFixed(0)} %`.padStart(18)}`,
    );
  }
  write(`  ${'all'.padEnd(16)} ${total.toFixed(4).padStart(14)}`);
}
