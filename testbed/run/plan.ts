import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { password } from '#contract/identity.ts';
import { failuresOf } from '../scenario/fleet.ts';
import { processNames } from '../scenario/processes.ts';
import { linksOf, type Link, type Scenario } from '../scenario/scenario.ts';
import { largestStageCars } from '../scenario/stages.ts';
import { maxCarsPerProcess } from '../sizing.ts';

/**
 * What a run starts: processes with their configuration, ports and the proxies on links that the timeline names. Pure,
 * so that --dry-run prints what a run does.
 */
export interface ProcessPlan {
  /** simulator-1, edge-2, bridge, trainer */
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

export interface HostPort {
  host: string;
  port: number;
}

export interface RunPlan {
  simulators: ProcessPlan[];
  edges: ProcessPlan[];
  bridge: ProcessPlan;
  /** Where the scenario trains. */
  trainer: ProcessPlan | undefined;
  proxies: ProxyPlan[];
}

const host = '127.0.0.1';

export interface PlanInput {
  run: string;
  scenario: Scenario;
  /** The run's own folder for what must outlive a process but not the run. */
  workDir: string;
  kafka: Record<string, unknown> & { brokers: string[] };
  /** Where the bridge reaches Kafka, when that link has a proxy in front. */
  bridgeBrokers: string[];
  pickPort: () => Promise<number>;
  /** What signs releases and what edges check them by; undefined where the scenario trains no model. */
  keys: KeyFiles | undefined;
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

  const bridgeListen = { host, port: await pickPort() };
  const bridgeHealth = await pickPort();
  const bridge: ProcessPlan = {
    name: 'bridge',
    command: 'bridge',
    healthPort: bridgeHealth,
    config: {
      run,
      listen: bridgeListen,
      edgeSecret,
      kafka: { ...input.kafka, brokers: input.bridgeBrokers },
      health: { host, port: bridgeHealth },
    },
  };

  const edges: ProcessPlan[] = [];
  const carsReach: HostPort[] = [];
  for (const name of names.edges) {
    const listen = { host, port: await pickPort() };
    const healthPort = await pickPort();
    const uplink = await throughLink(name, 'bridge', bridgeListen);
    carsReach.push(await throughLink('cars', name, listen));
    edges.push({
      name,
      command: 'edge',
      healthPort,
      config: {
        run,
        edge: name,
        listen,
        fleetSecret,
        maxCars: maxCarsPerProcess,
        dataDir: `${input.workDir}/${name}`,
        ...(scenario.edges.outbox && { outbox: scenario.edges.outbox }),
        uplink: { bridges: [text(uplink)], password: password(edgeSecret, name) },
        ...(keys && { model: { publicKey: keys.publicKeyFile } }),
        health: { host, port: healthPort },
      },
    });
  }

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
        workers: workersPerProcess(names.simulators.length),
        fleet: {
          profiles: scenario.fleet.profiles,
          interval: scenario.fleet.intervalMs,
          readingsPerMessage: scenario.fleet.readingsPerMessage,
          qos: scenario.fleet.qos,
          speedup: scenario.fleet.speedup,
          start: scenario.fleet.start,
          simStart: scenario.fleet.simStartMs,
        },
        failures: failuresOf(scenario),
        connect: { rate: scenario.connect.ratePerSecond },
        stages: scenario.stages.map((stage) => ({ for: stage.forMs, cars: stage.cars })),
        edges: carsReach.map(text),
        fleetSecret,
        health: { host, port: healthPort },
      },
    });
  }
  const trainer = keys && (await planTrainer(input, keys));
  return { simulators, edges, bridge, trainer, proxies };
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

/** Threads beyond the cores only take turns; one process alone uses two where it can. */
function workersPerProcess(processes: number): number {
  return Math.max(1, Math.min(2, Math.floor(os.availableParallelism() / processes)));
}

function text(address: HostPort): string {
  return `${address.host}:${address.port}`;
}
