import { exitCodes, UserError } from '#runtime/errors.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import { costOf, regions, type Region } from '../cluster/cost.ts';
import { clusterSizeOf, kafkaForms, type KafkaForm } from '../cluster/size.ts';
import { loadScenario } from '../scenario/load.ts';
import { messageIntervalMs } from '../scenario/scenario.ts';
import { largestStageCars, scheduleMs } from '../scenario/stages.ts';
import { readArguments } from './arguments.ts';
import { clusterPlan } from './cluster-plan.ts';
import type { Command } from './command.ts';
import { overrideOptions, overridesFrom, wholeNumber } from './overrides.ts';

const usage =
  'fleetbed plan <scenario.yaml> --on gke [--kafka strimzi|managed] [--region R] [--spot] [--json] [--cars N]';
const mostCars = 10_000_000;

export const planCommand: Command = {
  name: 'plan',
  summary: 'what a scenario needs on a cluster, and what that costs an hour',
  usage,
  help: `Usage: ${usage}

Prints node counts, partitions, disks, network and cost per hour of a scenario on GKE, before anything is created, and the
settings that infra/ wants for it. Nothing is asked of Google: sizes come from measured CPU time and memory
(docs/scale-out.md), prices from a dated list in testbed/cluster/prices.json.

  --on gke           where: a cluster that infra/ makes on Google Kubernetes Engine
  --kafka FORM       strimzi (default): in the cluster · managed: Google Managed Service for Apache Kafka
  --region R         ${regions.join(', ')} (default ${regions[0]})
  --spot             all nodes on spot machines, as a stack for development; else the cars' alone
  --json             for programs
  --cars N           as in run, up to ${mostCars.toLocaleString('en')}
  --duration 2m      as in run
  --set path=value   as in run (may be repeated)

Exit codes: 0 · 104 the scenario or an option is invalid
`,
  async run(argv, io) {
    const given = readArguments(argv, {
      command: 'plan',
      options: {
        ...overrideOptions,
        on: 'value',
        kafka: 'value',
        region: 'value',
        spot: 'flag',
        json: 'flag',
      },
      positionals: { most: 1, what: 'one scenario' },
    });
    const [file] = given.positionals;
    if (file === undefined)
      throw new UserError('config', 'fleetbed plan: which scenario? (fleetbed ls shows some)');
    choice('--on', given.value('on'), ['gke']);
    const kafka = choice<KafkaForm>('--kafka', given.value('kafka') ?? 'strimzi', kafkaForms);
    const region = choice<Region>('--region', given.value('region') ?? regions[0], regions);
    const spot = given.has('spot');
    // A cluster carries more cars than the scenario language lets one machine run.
    const { cars: _, ...overrides } = overridesFrom({
      ...given,
      value: (option) => (option === 'cars' ? undefined : given.value(option)),
    });
    const scenario = await loadScenario(file, { ...overrides, kafkaGiven: false });
    const asked = given.value('cars');
    const load = {
      cars:
        asked === undefined ? largestStageCars(scenario.stages) : wholeNumber('--cars', asked, 1, mostCars),
      messageIntervalMs: messageIntervalMs(scenario),
      readingsPerMessage: scenario.fleet.readingsPerMessage,
      kafka,
    };
    const durationMs = scheduleMs(scenario.stages);
    const size = clusterSizeOf(load);
    const cost = costOf(size, { region, kafka, spot, durationMs });
    const plan = { scenario: scenario.name, region, spot, durationMs, load, size, cost };
    io.stdout.write(given.has('json') ? `${JSON.stringify(plan, undefined, 2)}\n` : clusterPlan(plan));
    return exitCodes.ok;
  },
};

/** @throws UserError 'config' with the nearest right word */
function choice<T extends string>(option: string, word: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === word);
  if (found !== undefined) return found;
  const near = word === undefined ? undefined : nearestWord(word, allowed);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  const got = word === undefined ? 'nothing' : word;
  throw new UserError(
    'config',
    `fleetbed plan: ${option}: expected ${allowed.join(' or ')}, got ${got}${hint}`,
  );
}
