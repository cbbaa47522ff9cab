import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromSimulator, FromTrainer } from '#contract/control.ts';
import type { UserError } from '#runtime/errors.ts';
import { LinkProxy } from './link-proxy.ts';
import { nodeArgs } from './node-args.ts';
import type { ProcessPlan, RunPlan } from './plan.ts';
import { Supervised, type Part } from './supervised.ts';

const cli = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

const readyTimeoutMs = 30_000;

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
  const supervise = async (process: ProcessPlan, place = 0): Promise<Supervised> => {
    const file = path.join(hooks.configDir, `${process.name}.yaml`);
    // JSON is YAML. It holds secrets: for this user's eyes only.
    await writeFile(file, `${JSON.stringify(process.config, null, 2)}\n`, { mode: 0o600 });
    return new Supervised({
      name: process.name,
      args: [...nodeArgs(process.command, place), cli, process.command, '--config', file],
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
