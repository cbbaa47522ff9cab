import { exitCodes, UserError } from '#runtime/errors.ts';
import { machineLimits } from '../run/machine-limits.ts';
import { loadScenario } from '../scenario/load.ts';
import { processNames, sizingFor } from '../scenario/processes.ts';
import {
  isSpoil,
  messageIntervalMs,
  type Link,
  type Scenario,
  type TimelineEntry,
} from '../scenario/scenario.ts';
import { spoiledCars } from '../scenario/spoils.ts';
import { largestStageCars, scheduleMs } from '../scenario/stages.ts';
import { shortDuration } from '../scenario/values.ts';
import { plural } from '../verdict/figures.ts';
import { readArguments, type Given } from './arguments.ts';
import type { Command } from './command.ts';
import { givenKafka } from './kafka-option.ts';
import { mqttOf } from './mqtt-option.ts';
import { overrideOptions, overridesFrom } from './overrides.ts';
import { perform } from './perform.ts';
import { planInWords } from './plan-words.ts';
import { readAndSay } from './read-drives.ts';

const help = `Usage: fleetbed run <scenario.yaml> [options]

Runs a scenario on real parts: cars, edges, bridges and an Apache Kafka on this machine, breaks what its timeline says,
and ends with one verdict.

  --cars N             scale all stages so that the largest has N cars
  --duration 2m        scale the stages so that they take this long together
  --seed N             another fleet: the same seed gives the same cars and readings
  --set path=value     change any field of the scenario, e.g. --set edges.count=3 (may be repeated)
  --kafka host:port,…  use this Kafka and start none (TLS and SASL: FLEETBED_KAFKA_SSL_ENABLED, FLEETBED_KAFKA_SASL_…;
                       a prefix for all topics: FLEETBED_KAFKA_TOPIC_PREFIX)
  --mqtt mqtt://user:password@host:port
                       let edges and bridges meet at this MQTT 3.1.1 broker (mqtts:// for TLS, ?ca=FILE for its
                       certificates) instead of bridges' own (docs/external-broker.md)
  --out DIR            where summary.json, report.html, junit.xml, metrics.ndjson and logs/ go
                       (default: out/<scenario>/<run>)
  --keep               leave the local Kafka up, to look into it (fleetbed tail fleet.telemetry --kafka …)
  --dry-run            check everything and say what would run, and what it would need

Exit codes: 0 thresholds held · 99 a threshold failed · 104 invalid scenario or option · 105 stopped by you ·
106 a part failed · 107 the machine starved the generator, so there is no verdict
`;

export const runCommand: Command = {
  name: 'run',
  summary: 'run a scenario on real parts, and give one verdict',
  usage:
    'fleetbed run <scenario.yaml> [--cars N] [--duration 2m] [--seed N] [--kafka host:port,…] [--out DIR] …',
  help,
  endsProcess: true,
  async run(argv, io) {
    const { file, given } = readRunArguments(argv);
    const kafka = givenKafka(io.env, given.value('kafka'));
    const mqtt = mqttOf('run', given.value('mqtt'));
    const limits = machineLimits();
    const scenario = await loadScenario(file, {
      ...overridesFrom(given),
      kafkaGiven: kafka !== undefined,
      limits,
    });
    const sizing = sizingFor(scenario, limits, kafka !== undefined);
    io.stdout.write(`${announcement(scenario)}\n`);
    if (mqtt) io.stdout.write(`  edges and bridges meet at the MQTT broker ${mqtt.host}:${mqtt.port}\n`);
    io.stdout.write(planInWords(sizing));
    if (given.has('dry-run')) return exitCodes.ok;

    const { recorded, intervalMs, readingsPerMessage } = scenario.fleet;
    await using drives =
      recorded &&
      (await readAndSay({ recorded, intervalMs, readingsPerMessage }, { place: recorded.drives }, io));
    return await perform(
      { scenario, kafka, mqtt, drives, out: given.value('out'), keep: given.has('keep') },
      io,
    );
  },
};

function readRunArguments(argv: string[]): { file: string; given: Given } {
  const given = readArguments(argv, {
    command: 'run',
    options: {
      ...overrideOptions,
      kafka: 'value',
      mqtt: 'value',
      out: 'value',
      keep: 'flag',
      'dry-run': 'flag',
    },
    positionals: { most: 1, what: 'one scenario' },
  });
  const [file] = given.positionals;
  if (file === undefined)
    throw new UserError('config', 'fleetbed run: which scenario? (fleetbed ls shows some)');
  return { file, given };
}

/** What is about to happen, in a line or two. */
export function announcement(scenario: Scenario): string {
  const cars = largestStageCars(scenario.stages);
  const names = processNames(scenario);
  const { qos, readingsPerMessage, speedup } = scenario.fleet;
  const perSecond = (cars * 1000) / messageIntervalMs(scenario);
  const trainer = scenario.training ? ', a trainer' : '';
  const bridges = names.bridges.length === 1 ? 'a bridge' : `${names.bridges.length} bridges`;
  const processes = `${plural(names.simulators.length, 'simulator')}, ${plural(names.edges.length, 'edge agent')}, ${bridges}${trainer}`;
  return [
    `${scenario.name}: ${cars.toLocaleString('en')} cars at QoS ${qos} for ${shortDuration(scheduleMs(scenario.stages))}, seed ${scenario.seed}`,
    `  up to ${Math.round(perSecond).toLocaleString('en')} messages/s of ${readingsPerMessage} readings, time runs ${speedup}x; ${processes}`,
    ...happenings(scenario).map(({ atMs, words }) => `  at ${atMs / 1000} s ${words}`),
  ].join('\n');
}

/** What the scenario does beside driving, in the order of time. */
function happenings({ timeline, training }: Scenario): { atMs: number; words: string }[] {
  const trainings = (training?.atMs ?? []).map((atMs) => ({
    atMs,
    words: `a model is learned from Kafka (${training?.detector}) and rolled out`,
  }));
  const faults = timeline.map((entry) => ({ atMs: entry.atMs, words: inWords(entry) }));
  return [...trainings, ...faults].toSorted((one, other) => one.atMs - other.atMs);
}

function inWords(entry: TimelineEntry): string {
  if (entry.action === 'fail') {
    return `${plural(entry.cars, 'car')} ${entry.cars === 1 ? 'gets' : 'get'} ${entry.failure}`;
  }
  const long = 'forMs' in entry ? ` for ${entry.forMs / 1000} s` : '';
  if ('link' in entry) return `the link ${entry.link.name} ${ofLink(entry)}${long}`;
  if (entry.action === 'storm') {
    return `all cars of ${entry.links.map(({ to }) => to).join(', ')} lose their connection and come back`;
  }
  if (isSpoil(entry)) return `${entry.action}: ${spoiledCars(entry)}${long}`;
  if (entry.action === 'disk-full') {
    const disks = entry.disks.length === 1 ? 'the disk of' : 'the disks of';
    return `${disks} ${entry.disks.join(', ')} ${entry.disks.length === 1 ? 'is' : 'are'} full${long}`;
  }
  const words = { kill: 'killed', pause: 'paused', restart: 'restarted in order' };
  const verb = entry.targets.length === 1 ? 'is' : 'are';
  return `${entry.targets.join(', ')} ${verb} ${words[entry.action]}${long}`;
}

function ofLink(entry: Extract<TimelineEntry, { link: Link }>): string {
  if (entry.action === 'cut') return 'is cut';
  if (entry.action === 'reset') return 'is reset';
  if (entry.action === 'flap') {
    return `flaps (${entry.downMs / 1000} s down, ${entry.upMs / 1000} s up)`;
  }
  if (entry.action === 'bandwidth') {
    return `carries ${(entry.bytesPerSecond / 1000).toLocaleString('en')} KB/s`;
  }
  const jitter = entry.jitterMs === 0 ? '' : ` ± ${entry.jitterMs}`;
  return `is slow (${entry.latencyMs}${jitter} ms each way)`;
}
