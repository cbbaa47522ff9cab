import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { duration, loadConfig } from '#runtime/config.ts';
import { exitCodes, UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { kafkaConfig, type KafkaConfig } from '#wire/kafka.ts';
import { processNames } from '../run/plan.ts';
import { totalSeconds } from '../run/live-run.ts';
import { runScenario } from '../run/run.ts';
import { StoppedEarly } from '../run/set-up.ts';
import { Stop } from '../run/stop.ts';
import { loadScenario, messageIntervalMs, type Scenario } from '../scenario/scenario.ts';
import { renderScreen } from '../verdict/screen.ts';
import type { Command } from './command.ts';

const options = {
  cars: { type: 'string' },
  duration: { type: 'string' },
  seed: { type: 'string' },
  kafka: { type: 'string' },
  out: { type: 'string' },
  keep: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  set: { type: 'string', multiple: true },
} as const;

const help = `Usage: fleetbed run <scenario.yaml> [options]

Runs a scenario on real parts: cars, edges, bridge and an Apache Kafka on this machine, breaks what its timeline says,
and ends with one verdict.

  --cars N             scale all stages so that the largest has N cars
  --duration 2m        scale the stages so that they take this long together
  --seed N             another fleet: the same seed gives the same cars and readings
  --set path=value     change any field of the scenario, e.g. --set edges.count=3 (may be repeated)
  --kafka host:port,…  use this Kafka and start none (TLS and SASL: FLEETBED_KAFKA_SSL_ENABLED, FLEETBED_KAFKA_SASL_…;
                       a prefix for all topics: FLEETBED_KAFKA_TOPIC_PREFIX)
  --out DIR            where summary.json, report.html, junit.xml, metrics.ndjson and logs/ go
                       (default: out/<scenario>/<run>)
  --keep               leave the local Kafka up, to look into it (fleetbed tail fleet.telemetry --kafka …)
  --dry-run            check everything and say what would run

Exit codes: 0 thresholds held · 99 a threshold failed · 104 invalid scenario or option · 105 stopped by you ·
106 a part failed · 107 the machine starved the generator, so there is no verdict
`;

export const runCommand: Command = {
  name: 'run',
  summary: 'run a scenario on real parts, and give one verdict',
  usage:
    'fleetbed run <scenario.yaml> [--cars N] [--duration 2m] [--seed N] [--kafka host:port,…] [--out DIR] …',
  help,
  async run(argv, io) {
    const { file, values } = parse(argv);
    const kafka = kafkaSettings(io.env, values.kafka);
    const scenario = await loadScenario(file, {
      ...(values.cars !== undefined && { cars: wholeNumber('--cars', values.cars, 1) }),
      ...(values.seed !== undefined && { seed: wholeNumber('--seed', values.seed, 0) }),
      ...(values.duration !== undefined && { durationMs: durationOf(values.duration) }),
      set: values.set ?? [],
      kafkaGiven: kafka.given !== undefined,
    });
    io.stdout.write(`${announcement(scenario)}\n`);
    if (values['dry-run']) return exitCodes.ok;

    const stop = new Stop();
    const release = onInterrupt(stop, io.stderr);
    try {
      const { summary, samples, reportFile } = await runScenario({
        scenario,
        ...kafka,
        out: (run) => path.resolve(values.out ?? path.join('out', scenario.name, run)),
        keep: values.keep ?? false,
        stop,
        log: createLog({ component: 'run', level: io.env['FLEETBED_LOG_LEVEL'] ?? 'silent' }),
        terminal: io.stdout,
      });
      const shown = path.relative(process.cwd(), reportFile);
      io.stdout.write(
        renderScreen(summary, {
          color: io.stdout.isTTY && !io.env['NO_COLOR'],
          width: Math.min(100, io.stdout.columns ?? 100),
          samples,
          report: shown.startsWith('..') ? reportFile : shown,
        }),
      );
      return summary.run.exitCode;
    } catch (error) {
      if (!(error instanceof StoppedEarly)) throw error;
      io.stderr.write('Stopped before the schedule began.\n');
      return exitCodes.stoppedByUser;
    } finally {
      release();
    }
  },
};

function parse(argv: string[]): { file: string; values: ReturnType<typeof parseOptions>['values'] } {
  const { values, positionals } = parseOptions(argv);
  const [file, ...more] = positionals;
  if (file === undefined)
    throw new UserError('config', 'fleetbed run: which scenario? (fleetbed ls shows some)');
  if (more.length > 0)
    throw new UserError('config', `fleetbed run takes one scenario; also got: ${more.join(' ')}`);
  return { file, values };
}

function parseOptions(argv: string[]) {
  try {
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UserError('config', `fleetbed run: ${words}`);
  }
}

/** Kafka's settings come from the environment; whether it is the user's own, from --kafka or FLEETBED_KAFKA_BROKERS. */
function kafkaSettings(
  env: NodeJS.ProcessEnv,
  brokers: string | undefined,
): { given: KafkaConfig | undefined; defaults: KafkaConfig } {
  const schema = z.object({ kafka: kafkaConfig });
  const named = brokers ?? env['FLEETBED_KAFKA_BROKERS'];
  const load = (argv: string[]): KafkaConfig => loadConfig(schema, { argv, env, component: 'run' }).kafka;
  if (named === undefined) return { given: undefined, defaults: load(['--kafka-brokers', '127.0.0.1:9092']) };
  const given = load(['--kafka-brokers', named]);
  return { given, defaults: given };
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || text.trim() === '') {
    throw new UserError(
      'config',
      `${option}: expected a whole number from ${least}, got ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function durationOf(text: string): number {
  const parsed = duration.safeParse(text);
  if (!parsed.success) {
    throw new UserError(
      'config',
      `--duration: expected a time such as 90s or 2m, got ${JSON.stringify(text)}`,
    );
  }
  return parsed.data;
}

/** What is about to happen, in a line or two. */
function announcement(scenario: Scenario): string {
  const cars = Math.max(...scenario.stages.map((stage) => stage.cars));
  const names = processNames(scenario);
  const { qos, readingsPerMessage, speedup } = scenario.fleet;
  const perSecond = (cars * 1000) / messageIntervalMs(scenario);
  const processes = `${names.simulators.length} simulator, ${names.edges.length} edge agents, 1 bridge`;
  return [
    `${scenario.name}: ${cars.toLocaleString('en')} cars at QoS ${qos} for ${totalSeconds(scenario)} s, seed ${scenario.seed}`,
    `  up to ${Math.round(perSecond).toLocaleString('en')} messages/s of ${readingsPerMessage} readings, time runs ${speedup}x; ${processes}`,
    ...scenario.timeline.map((entry) => {
      const at = `  at ${entry.atMs / 1000} s`;
      return entry.action === 'cut'
        ? `${at} the link ${entry.link.name} is cut for ${entry.forMs / 1000} s`
        : `${at} ${entry.targets.join(', ')} is killed`;
    }),
  ].join('\n');
}

/** The first Ctrl-C ends the run in order, the second at once. @returns how to stop listening */
function onInterrupt(stop: Stop, err: NodeJS.WritableStream): () => void {
  let asked = false;
  const interrupt = (): void => {
    if (asked) process.exit(exitCodes.stoppedByUser);
    asked = true;
    err.write('\nStopping (once more: at once) …\n');
    stop.request('user');
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
}
