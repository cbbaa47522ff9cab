import { randomBytes } from 'node:crypto';
import { password } from '#contract/identity.ts';
import type { HostPort, HostPorts } from '#runtime/config.ts';
import { failuresOf } from '../scenario/fleet.ts';
import { processNames, sizingFor } from '../scenario/processes.ts';
import { linksOf, type Link, type Scenario } from '../scenario/scenario.ts';
import { spoilsOf } from '../scenario/spoils.ts';
import { largestStageCars } from '../scenario/stages.ts';
import { maxCarsPerProcess, type Limits, type ProcessNeed } from '../sizing.ts';
import type { MqttTarget } from './given-broker.ts';

/**
 * What a run starts: processes with their configuration, ports and the proxies on links that the timeline names. Pure,
 * so that --dry-run prints what a run does.
 */
export interface ProcessPlan {
  /** simulator-1, edge-2, bridge (of several: bridge-1), trainer */
  name: string;
  /** The command: fleetbed simulate|edge|bridge|train */
  command: 'simulate' | 'edge' | 'bridge' | 'train';
  healthPort: number;
  /** What its --config file says. */
  config: Record<string, unknown>;
}

export interface ProxyPlan {
  link: Link;
  listen: HostPort;
  target: HostPort;
}

export interface RunPlan {
  simulators: ProcessPlan[];
  edges: ProcessPlan[];
  bridges: ProcessPlan[];
  /** Where the scenario trains. */
  trainer: ProcessPlan | undefined;
  proxies: ProxyPlan[];
}

const host = '127.0.0.1';

/** A bridge that could write nothing to Kafka for so long sends its edges to the others. */
const handOverAfterMs = 5000;

export interface PlanInput {
  run: string;
  scenario: Scenario;
  /** The run's own folder for what must outlive a process but not the run. */
  workDir: string;
  kafka: Record<string, unknown> & { brokers: string[] };
  /** Where a bridge reaches Kafka: through a proxy, when the timeline names that link. */
  brokersOf: (bridge: string) => string[];
  /** The user's own MQTT broker between edges and bridges; undefined: edges connect to bridges. */
  mqtt?: { target: MqttTarget; topicPrefix: string } | undefined;
  pickPort: () => Promise<number>;
  /** Of the machine. */
  limits: Limits;
  /** What signs releases and what edges check them by; undefined where the scenario trains no model. */
  keys: KeyFiles | undefined;
  /** What the cars of a recorded fleet drive. */
  drives?: string | undefined;
}

export interface KeyFiles {
  /** Folder of the private key. */
  folder: string;
  publicKeyFile: string;
}

/** Does the timeline name this link, so that it needs a proxy? */
export function isTouched(scenario: Scenario, name: string): boolean {
  return scenario.timeline.some((entry) => linksOf(entry).some((link) => link.name === name));
}

export async function planRun(input: PlanInput): Promise<RunPlan> {
  const { run, scenario, pickPort, keys } = input;
  const names = processNames(scenario);
  const fleetSecret = randomBytes(24).toString('hex');
  const edgeSecret = randomBytes(24).toString('hex');
  const proxies: ProxyPlan[] = [];
  const throughLink = async (from: string, to: string, target: HostPort): Promise<HostPort> => {
    const link = { from, to, name: `${from}/${to}` };
    if (!isTouched(scenario, link.name)) return target;
    const listen = { host, port: await pickPort() };
    proxies.push({ link, listen, target });
    return listen;
  };

  const { commitEvery: commitEveryMs } = input.scenario.bridges;
  const bridges: ProcessPlan[] = [];
  const edgesReach: HostPort[] = [];
  for (const [at, name] of names.bridges.entries()) {
    const listen = { host, port: await pickPort() };
    const healthPort = await pickPort();
    edgesReach.push(input.mqtt?.target ?? listen);
    bridges.push({
      name,
      command: 'bridge',
      healthPort,
      config: {
        run,
        name,
        ...(input.mqtt
          ? { mqtt: { ...dutyOf(at, names), ...bridgeAtBroker(input.mqtt) } }
          : { listen, edgeSecret }),
        kafka: { ...input.kafka, brokers: input.brokersOf(name) },
        // Only where another one can take them.
        ...(names.bridges.length > 1 && { handOverAfter: handOverAfterMs }),
        ...(commitEveryMs !== undefined && { transaction: { interval: commitEveryMs } }),
        health: { host, port: healthPort },
      },
    });
  }

  const sizing = sizingFor(scenario, input.limits);
  const edges: ProcessPlan[] = [];
  const carsReach: HostPorts[] = [];
  for (const [index, name] of names.edges.entries()) {
    const listen = { host, port: await pickPort() };
    const morePorts: number[] = [];
    while (morePorts.length < sizing.portsPerEdge - 1) morePorts.push(await pickPort());
    const healthPort = await pickPort();
    const uplinks: HostPort[] = [];
    for (const [at, bridge] of names.bridges.entries())
      uplinks.push(await throughLink(name, bridge, edgesReach[at]!));
    const { port } = await throughLink('cars', name, listen);
    carsReach.push({ host, ports: [port, ...morePorts] });
    edges.push({
      name,
      command: 'edge',
      healthPort,
      config: {
        run,
        edge: name,
        listen: { ...listen, ...(morePorts.length > 0 && { morePorts }) },
        fleetSecret,
        maxCars: maxCarsPerProcess,
        dataDir: `${input.workDir}/${name}`,
        ...(scenario.edges.outbox && { outbox: scenario.edges.outbox }),
        uplink: {
          bridges: [...new Set(beginningAt(index, uplinks).map(text))],
          ...(input.mqtt ? edgeAtBroker(input.mqtt) : { password: password(edgeSecret, name) }),
        },
        ...(keys && { model: { publicKey: keys.publicKeyFile } }),
        health: { host, port: healthPort },
      },
    });
  }

  const { workers = 1 } = sizing.processes.find(isSimulator) ?? {};
  const simulators: ProcessPlan[] = [];
  for (const [index, name] of names.simulators.entries()) {
    const healthPort = await pickPort();
    simulators.push({
      name,
      command: 'simulate',
      healthPort,
      config: {
        run,
        seed: scenario.seed,
        cars: largestStageCars(scenario.stages),
        process: { index, count: names.simulators.length },
        workers,
        fleet: {
          profiles: scenario.fleet.profiles,
          interval: scenario.fleet.intervalMs,
          readingsPerMessage: scenario.fleet.readingsPerMessage,
          qos: scenario.fleet.qos,
          speedup: scenario.fleet.speedup,
          start: scenario.fleet.start,
          usage: scenario.fleet.usage,
          simStart: scenario.fleet.simStartMs,
          ...(input.drives !== undefined && { recorded: input.drives }),
        },
        failures: failuresOf(scenario),
        spoils: spoilsOf(scenario),
        connect: { rate: scenario.connect.ratePerSecond },
        keepAlive: scenario.connect.keepAliveMs,
        sendEvery: scenario.fleet.sendEveryMs,
        stages: scenario.stages.map((stage) => ({ for: stage.forMs, cars: stage.cars })),
        edges: carsReach.map(({ ports }) => `${host}:${ports.join('+')}`),
        ...(scenario.edges.spread && { spread: scenario.edges.spread }),
        fleetSecret,
        health: { host, port: healthPort },
      },
    });
  }
  const trainer = keys && (await planTrainer(input, keys));
  return { simulators, edges, bridges, trainer, proxies };
}

async function planTrainer(input: PlanInput, keys: KeyFiles): Promise<ProcessPlan> {
  const { run, scenario, kafka } = input;
  const healthPort = await input.pickPort();
  return {
    name: 'trainer',
    command: 'train',
    healthPort,
    config: {
      run,
      seed: scenario.seed,
      kafka,
      detector: scenario.training?.detector,
      falseAlarmsPerVehicleDay: scenario.training?.falseAlarmsPerVehicleDay,
      signingKey: keys.folder,
      health: { host, port: healthPort },
    },
  };
}

function isSimulator({ kind }: ProcessNeed): boolean {
  return kind === 'simulator';
}

type AtBroker = NonNullable<PlanInput['mqtt']>;

/** Edges are dealt out to bridges; each stands by for those of the others. */
function dutyOf(
  at: number,
  { bridges, edges }: { bridges: readonly string[]; edges: readonly string[] },
): { owns: string[]; standsBy: string[] } {
  const isOwn = (index: number): boolean => index % bridges.length === at;
  return {
    owns: edges.filter((_, index) => isOwn(index)),
    standsBy: edges.filter((_, index) => !isOwn(index)),
  };
}

function bridgeAtBroker({ target, topicPrefix }: AtBroker): Record<string, unknown> {
  const { host: broker, port, ...account } = target;
  return { broker: text({ host: broker, port }), ...account, topicPrefix };
}

function edgeAtBroker({ target, topicPrefix }: AtBroker): Record<string, unknown> {
  const { host: _host, port: _port, ...account } = target;
  return { through: 'broker', ...account, topicPrefix };
}

/** The same in a circle, from another place for each edge: they spread over the bridges. */
function beginningAt<T>(index: number, all: readonly T[]): T[] {
  const start = index % all.length;
  return [...all.slice(start), ...all.slice(0, start)];
}

function text(address: HostPort): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
