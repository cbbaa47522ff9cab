import type { z } from 'zod';
import { runComponent, type commonConfig, type ComponentSpec } from '#runtime/component.ts';
import { configHelp } from '#runtime/config.ts';
import type { Command } from './command.ts';

/** The parts of a run as commands: each is a process of its own, supervised by a run or started by hand. */

export async function simulateCommand(): Promise<Command> {
  return commandOf((await import('#simulator/component.ts')).simulatorComponent);
}

export async function edgeCommand(): Promise<Command> {
  return commandOf((await import('#edge-agent/component.ts')).edgeComponent);
}

export async function bridgeCommand(): Promise<Command> {
  return commandOf((await import('#bridge/component.ts')).bridgeComponent);
}

export async function trainCommand(): Promise<Command> {
  return commandOf((await import('#cloud/component.ts')).trainerComponent);
}

function commandOf<S extends z.ZodObject<typeof commonConfig & z.core.$ZodShape>>(
  spec: ComponentSpec<S>,
): Command {
  const usage = `fleetbed ${spec.name} [settings]`;
  return {
    name: spec.name,
    summary: spec.summary,
    usage,
    help: configHelp(spec.config, { usage, summary: spec.summary }),
    endsProcess: true,
    run: (argv) => runComponent(spec, argv),
  };
}
