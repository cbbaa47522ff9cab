import { kindOf } from '#contract/failures.ts';
import { exitCodes, inWords, UserError } from '#runtime/errors.ts';
import { Generation } from '#simulator/generate/generation.ts';
import { expectedReadings, isExact } from '#simulator/generate/plan.ts';
import { count, percent, plural, seconds } from '../verdict/figures.ts';
import type { Command, Io } from './command.ts';
import { FileTarget, type FileFormat } from './generate/file-target.ts';
import { KafkaTarget } from './generate/kafka-target.ts';
import { Progress } from './generate/progress.ts';
import { readRequest, type Request } from './generate/request.ts';
import type { Target } from './generate/target.ts';

const help = `Usage: fleetbed generate --cars N [--hours H] --format csv|ndjson|parquet --out DIR [options]
       fleetbed generate --cars N [--hours H] --format kafka --kafka host:port,… [options]

Writes what a fleet would send, as fast as this machine can, without MQTT and without waiting: DIR/telemetry.*, a row a
reading, and DIR/truth.*, what is really wrong with which car. The same options give the same bytes, whatever --workers says.
docs/generate.md has the columns, their types and units.

  --cars N             cars of the fleet
  --hours H            how long each drives, on its own clock (1)
  --seed N             another fleet (1)
  --format F           csv (unless said), ndjson, parquet or kafka
  --out DIR            where the files go; --force overwrites those that are there
  --workers N          threads (as many as this machine has cores)
  --failures LIST      failure:share,… such as coolant-loss:2%,misfire:20,sensor-stuck/massAirFlow:1%; each car begins to
                       fail at a moment of its own within the first 60 % of the hours. A sensor's fault is of
                       coolantTemperature unless it says which
  --severity S         how far failures go (0.7)
  --over D             how long they take from the onset (2h)
  --profiles LIST      share of each kind of car, of any sum (petrol:0.5,turbo:0.25,diesel:0.15,hybrid:0.1)
  --interval D         between two readings (1s)
  --readings-per-message N   (10)
  --start S            mixed, parked or warm: how cars begin (mixed)
  --usage U            continuous, or daily: a few trips a day (continuous)
  --sim-start T        the cars’ clocks at the beginning (2026-01-05T08:00:00Z)
with --format kafka:
  --kafka host:port,…  Kafka's brokers; or FLEETBED_KAFKA_BROKERS. TLS and SASL come from the environment, as for fleetbed tail
  --topic-prefix P     what stands before every topic's name there
  --run ID             the run that the records belong to (a new one)

Exit codes: 0 all is written · 104 an option is wrong, or files are there already · 105 stopped by you · 106 disk or Kafka failed
`;

export const generateCommand: Command = {
  name: 'generate',
  summary: 'write what a fleet would send to files or Kafka, without waiting for the clock',
  usage: 'fleetbed generate --cars N [--hours H] --format csv|ndjson|parquet|kafka --out DIR [options]',
  help,
  endsProcess: true,
  async run(argv, io) {
    const request = readRequest(argv, io.env);
    const stop = new AbortController();
    const release = onInterrupt(io, () => stop.abort(new Stopped()));
    try {
      return await generate(request, stop.signal, io);
    } finally {
      release();
    }
  },
};

async function generate(request: Request, stop: AbortSignal, io: Io): Promise<number> {
  const target = await targetOf(request, io);
  const readings = expectedReadings(request.plan.fleet);
  io.stdout.write(`${announcement(request, readings)}\n`);
  const progress = new Progress(io.stdout, readings);
  try {
    await writeAll(request, target, progress, stop);
    const written = await target.finish();
    progress.end();
    const { done, elapsedSeconds } = progress;
    const rate = `${seconds(elapsedSeconds)}, ${count(done / elapsedSeconds)}/s`;
    io.stdout.write(
      `${plural(done, 'reading')} in ${rate}\n${written.map((line) => `  ${line}\n`).join('')}`,
    );
    return exitCodes.ok;
  } catch (error) {
    progress.end();
    const left = await target.discard();
    const how = `incomplete, after ${percent(progress.share)}: ${left}`;
    if (error instanceof Stopped) {
      io.stderr.write(`Stopped: ${how}.\n`);
      return exitCodes.stoppedByUser;
    }
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.kind, `${inWords(error)}\n${how}`, { cause: error });
  }
}

/** @throws why `stop` was aborted, or what a worker or the target threw */
async function writeAll(
  { plan, workers }: Request,
  target: Target,
  progress: Progress,
  stop: AbortSignal,
): Promise<void> {
  const generation = new Generation(plan, workers);
  const abort = (): void => generation.abort(stop.reason);
  stop.addEventListener('abort', abort);
  try {
    if (stop.aborted) abort();
    for await (const piece of generation.inOrder()) {
      if (piece.type === 'truths') {
        await target.truths(piece.truths);
      } else {
        await target.write(piece.block);
        progress.add(piece.block.readings);
      }
    }
  } finally {
    stop.removeEventListener('abort', abort);
    await generation.close();
  }
}

/** The user has seen enough. */
class Stopped extends Error {}

async function targetOf({ to, plan }: Request, io: Io): Promise<Target> {
  if (to.kind === 'files') return FileTarget.open(to.dir, plan.format as FileFormat, to.force);
  const { target, notes } = await KafkaTarget.open(to.kafka, to.run);
  for (const note of notes) io.stdout.write(`${note}\n`);
  return target;
}

function announcement({ plan, workers }: Request, readings: number): string {
  const { fleet, format } = plan;
  const failing = (fleet.failures ?? []).map(
    ({ failure, sensor, cars }) =>
      `\n  ${failure}${kindOf(failure) === 'sensor' ? ` of ${sensor}` : ''} in ${plural(cars, 'car')}`,
  );
  const hours = (fleet.stages[0]?.forMs ?? 0) / 3_600_000;
  const long = `${Number(hours.toPrecision(6))} h`;
  const about = isExact(fleet) ? '' : 'about ';
  return `${plural(fleet.cars, 'car')} for ${long}, seed ${fleet.seed}: ${about}${count(readings)} readings as ${format}, ${plural(workers, 'worker')}${failing.join('')}`;
}

/** The first Ctrl-C ends it in order, the second at once. @returns how to stop listening */
function onInterrupt(io: Io, stop: () => void): () => void {
  let asked = false;
  const interrupt = (): void => {
    if (asked) process.exit(exitCodes.stoppedByUser);
    asked = true;
    io.stderr.write('\nStopping (once more: at once) …\n');
    stop();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
}
