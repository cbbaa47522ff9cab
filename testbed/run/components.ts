import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromSimulator, FromTrainer } from '#contract/control.ts';
import type { UserError } from '#runtime/errors.ts';
import { LinkProxy } from './link-proxy.ts';
import type { ProcessPlan, RunPlan } from './plan.ts';
import { Supervised, type Part } from './supervised.ts';

const cli = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

const readyTimeoutMs = 30_000;

/**
 * Without the memory reducer: where little is allocated it looks through the whole heap to give some of it back, and lets the heap grow
 * by a tenth from then on. A process of 100,000 cars that has thousands of messages then does so every three seconds: edges spent 9 % of
 * their CPU in it, with this 2 %. And an old generation is looked through when it reaches 160 MB, not again and again on its way there:
 * what messages lie in counts for it as well, so a bridge did so every second, and while cars connected as fast as the machine
 * can, one edge of eight was kept from its cars for a second.
 */
const nodeArgs = [
  '--disable-warning=ExperimentalWarning',
  '--no-memory-reducer',
  '--initial-old-space-size=160',
];
/**
 * Of processes that hold thousands of cars. At its usual 16 MB the young generation overflows while they connect, and half of what
 * they leave behind grows old with the process: 80,000 cars took 6.1 GB with this, all parts together, and 7.0 GB without. And
 * nothing is taken to live long because it once did: one edge of many had its messages among its old objects, and looked through all
 * of them every 8 s.
 */
const carHoldersArgs = ['--max-semi-space-size=32', '--no-allocation-site-pretenuring'];

/** The processes and link proxies of a run. */
export interface Components {
  bridges: Supervised[];
  edges: Supervised[];
  simulators: Supervised[];
  /** Where the scenario trains. */
  trainer: Supervised | undefined;
  proxies: LinkProxy[];
  byName: Map<string, Part>;
}

export interface ComponentHooks {
  logDir: string;
  configDir: string;
  onSimulatorMessage: (name: string, message: FromSimulator) => void;
  onTrainerMessage: (message: FromTrainer) => void;
  onDeath: (error: UserError) => void;
}

/** Writes each process's configuration, and makes the processes without starting them. */
export async function prepareComponents(plan: RunPlan, hooks: ComponentHooks): Promise<Components> {
  await mkdir(hooks.configDir, { recursive: true });
  const supervise = async (process: ProcessPlan): Promise<Supervised> => {
    const file = path.join(hooks.configDir, `${process.name}.yaml`);
    // JSON is YAML. It holds secrets: for this user's eyes only.
    await writeFile(file, `${JSON.stringify(process.config, null, 2)}\n`, { mode: 0o600 });
    return new Supervised({
      name: process.name,
      args: [
        ...nodeArgs,
        ...(holdsCars(process) ? carHoldersArgs : []),
        cli,
        process.command,
        '--config',
        file,
      ],
      logFile: path.join(hooks.logDir, `${process.name}.log`),
      readyTimeoutMs,
      // The channel carries what contract/control.ts says, from a process of ours.
      onMessage: (message) =>
        process.command === 'train'
          ? hooks.onTrainerMessage(message as FromTrainer)
          : hooks.onSimulatorMessage(process.name, message as FromSimulator),
      onDeath: hooks.onDeath,
    });
  };
  const bridges = await Promise.all(plan.bridges.map(supervise));
  const edges = await Promise.all(plan.edges.map(supervise));
  const simulators = await Promise.all(plan.simulators.map(supervise));
  const trainer = plan.trainer && (await supervise(plan.trainer));
  const all = [...bridges, ...edges, ...simulators, ...(trainer ? [trainer] : [])];
  return {
    bridges,
    edges,
    simulators,
    trainer,
    proxies: plan.proxies.map(({ link, listen, target }) => new LinkProxy(link.name, listen, target)),
    byName: new Map(all.map((part) => [part.name, part])),
  };
}

function holdsCars({ command }: ProcessPlan): boolean {
  return command === 'edge' || command === 'simulate';
}

/** Bridges first, then edges, then trainer and cars: each finds its next ready. */
export async function startComponents(components: Components): Promise<void> {
  await Promise.all(components.proxies.map((proxy) => proxy.open()));
  await Promise.all(components.bridges.map((bridge) => bridge.start()));
  await Promise.all(components.edges.map((edge) => edge.start()));
  await Promise.all(ofCloudAndCars(components).map((part) => part.start()));
}

/** In the order of the way, so that each can hand on what it holds. */
export async function stopComponents(
  components: Components,
  timeoutMs: number,
  beforeBridges: () => Promise<void> = async () => Promise.resolve(),
): Promise<void> {
  await Promise.all(ofCloudAndCars(components).map((part) => part.stop(timeoutMs)));
  await Promise.all(components.edges.map((edge) => edge.stop(timeoutMs)));
  await beforeBridges();
  await Promise.all(components.bridges.map((bridge) => bridge.stop(timeoutMs)));
  await Promise.all(components.proxies.map((proxy) => proxy.cut()));
}

function ofCloudAndCars({ trainer, simulators }: Components): Supervised[] {
  return trainer ? [trainer, ...simulators] : simulators;
}
