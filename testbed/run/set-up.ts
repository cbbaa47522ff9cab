import { setTimeout as delay } from 'node:timers/promises';
import { inWords, UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import type { KafkaConfig } from '#wire/kafka.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { processNames } from '../scenario/processes.ts';
import { scheduleMs } from '../scenario/stages.ts';
import { AlarmLog } from '../verdict/detection/alarms.ts';
import { EdgeModels } from '../verdict/detection/edge-models.ts';
import { followRun } from '../verdict/kafka-feed.ts';
import { Ledger } from '../verdict/ledger.ts';
import { Collector } from './collector.ts';
import { prepareComponents, startComponents, stopComponents, type Components } from './components.ts';
import { Fleet } from './fleet.ts';
import type { Folders } from './folders.ts';
import { GivenBroker, type MqttTarget } from './given-broker.ts';
import { GroundTruth } from './ground-truth.ts';
import { openKafka } from './kafka-source.ts';
import { keyFiles } from './key-files.ts';
import { LedgerPart } from './ledger-part.ts';
import type { Run } from './live-run.ts';
import { machineLimits } from './machine-limits.ts';
import { planRun, type RunPlan } from './plan.ts';
import { pickPort } from './ports.ts';
import { ResourceMeter } from './resources.ts';
import { Scraper } from './scrape.ts';
import { patience } from './settle.ts';
import type { Status } from './status.ts';
import type { Stop } from './stop.ts';
import { Training } from './training.ts';

export interface SetUpRequest {
  id: string;
  scenario: Scenario;
  /** The user's own Kafka; undefined starts one. */
  given: KafkaConfig | undefined;
  /** The user's own MQTT broker between edges and bridges. */
  mqtt?: MqttTarget | undefined;
  /** Of a recorded fleet. */
  drives?: { file: string } | undefined;
  folders: Folders;
  status: Status;
  stop: Stop;
  log: Log;
  /** Takes how to take down what has been put up, in that order. */
  undo: (() => Promise<void>)[];
}

/** How long a set-up that is given up may still take to come to a step where it can be undone. */
const giveUpMs = 5000;

/**
 * Starts everything that a run is made of.
 * @throws UserError what failed to start; StoppedEarly
 */
export async function setUp(request: SetUpRequest): Promise<Run> {
  return orStopped(request.stop, putUp(request));
}

async function putUp(request: SetUpRequest): Promise<Run> {
  const { id, scenario, folders, status, stop, log, undo } = request;
  const onDeath = (error: UserError): void => stop.request(error);
  const broker = request.mqtt && (await GivenBroker.open(request.mqtt, id));
  undo.push(async () => void (await broker?.clean(processNames(scenario).edges)));
  const kafka = await openKafka({ ...request, onDeath });
  undo.push(async () => {
    await Promise.all(kafka.proxies.map((proxy) => proxy.cut()));
    await kafka.local?.part.kill();
  });
  if (stop.reason) giveUp(stop);

  const prefix = kafka.config.topicPrefix;
  const ledger = new Ledger({ run: id });
  const takers = { ledger, alarms: new AlarmLog(), models: new EdgeModels() };
  const feed = await followRun({ kafka: kafka.client, run: id, prefix, takers });
  feed.failed.catch((error: unknown) =>
    stop.request(new UserError('component', `the ledger: ${inWords(error)}`)),
  );
  undo.push(() => feed.stop());

  const truth = new GroundTruth(kafka.client, { run: id, prefix, log });
  undo.push(() => truth.close());
  const fleet = new Fleet(ledger, truth);
  const training = new Training();
  const plan = await planRun({
    run: id,
    scenario,
    workDir: folders.work,
    kafka: kafka.config,
    brokersOf: kafka.brokersOf,
    mqtt: broker,
    pickPort,
    limits: machineLimits(),
    keys: scenario.training && keyFiles(),
    drives: request.drives?.file,
  });
  const components = await prepareComponents(plan, {
    logDir: folders.logs,
    configDir: `${folders.work}/config`,
    onSimulatorMessage: (name, message) => fleet.receive(name, message),
    onTrainerMessage: (message) => training.receive(message),
    onDeath,
  });
  for (const simulator of components.simulators) fleet.add(simulator);
  if (components.trainer) training.attach(components.trainer);
  undo.push(() => stopComponents(components, patience(stop).partMs));

  const parts = new Map(components.byName);
  if (kafka.local) parts.set('kafka', kafka.local.part);
  parts.set('ledger', new LedgerPart(feed));
  const scraper = new Scraper(scrapeTargets(plan, components));
  const meter = new ResourceMeter();
  const run: Run = {
    id,
    scenario,
    kafka,
    broker,
    components,
    parts,
    fleet,
    ledger,
    evidence: takers,
    truth,
    training,
    feed,
    scraper,
    meter,
    status,
    stop,
    timeline: undefined,
    collector: new Collector({
      scraper,
      meter,
      feed,
      parts: [...parts.values()],
      scheduleSeconds: scheduleMs(scenario.stages) / 1000,
      simulators: components.simulators.map((simulator) => simulator.name),
      simulatorFaults: () => simulatorFaults(run),
      file: `${folders.out}/metrics.ndjson`,
      onSample: (sample) =>
        status.second(sample, scheduleMs(scenario.stages) / 1000, run.timeline?.active() ?? []),
    }),
  };
  status.doing(`starting ${scenario.bridges.count === 1 ? 'bridge' : 'bridges'}, edges and cars …`);
  await startComponents(components);
  log.info({ run: id }, 'started');
  run.collector.start();
  return run;
}

function scrapeTargets(plan: RunPlan, components: Components): ConstructorParameters<typeof Scraper>[0] {
  const trainer = plan.trainer ? [plan.trainer] : [];
  return [...plan.bridges, ...plan.edges, ...plan.simulators, ...trainer].map(({ name, healthPort }) => ({
    name,
    healthPort,
    life: () => components.byName.get(name)?.life ?? 0,
    isUp: () => components.byName.get(name)?.pid !== undefined,
  }));
}

function simulatorFaults(run: Run): { from: number; to: number }[] {
  return (run.timeline?.faults ?? [])
    .filter((fault) => fault.target.startsWith('simulator-'))
    .map((fault) => ({ from: fault.at, to: fault.endedAt ?? Number.POSITIVE_INFINITY }));
}

/** What is being set up is given up when the user stops, or when a part that was up dies meanwhile. */
async function orStopped<T>(stop: Stop, work: Promise<T>): Promise<T> {
  const stopped = stop.requested.then(async (): Promise<never> => {
    // What is half begun is let come to its end, so that it can be taken down.
    await Promise.race([work.catch(() => {}), delay(giveUpMs)]);
    return giveUp(stop);
  });
  return Promise.race([work.then((done) => (stop.reason ? stopped : done)), stopped]);
}

function giveUp(stop: Stop): never {
  throw stop.reason instanceof Error ? stop.reason : new StoppedEarly();
}

/** The user stopped the run before it could begin: there is nothing to sum up. */
export class StoppedEarly extends Error {
  override name = 'StoppedEarly';
}
