import type { Command } from './command.ts';

/**
 * Every command. Each is loaded only when it is called: `fleetbed --help` needs no Kafka client, and an edge agent no
 * report.
 */
interface Entry {
  group: 'Scenarios' | 'Looking closer' | 'Parts, each on its own';
  summary: string;
  load(): Promise<Command>;
}

export const commands = {
  run: {
    group: 'Scenarios',
    summary: 'run a scenario on real parts, and give one verdict',
    load: async () => (await import('./run.ts')).runCommand,
  },
  replay: {
    group: 'Scenarios',
    summary: 'let cars drive what was recorded: CSVs and a mapping',
    load: async () => (await import('./replay.ts')).replayCommand,
  },
  validate: {
    group: 'Scenarios',
    summary: 'check scenarios without running them',
    load: async () => (await import('./validate.ts')).validateCommand,
  },
  ls: {
    group: 'Scenarios',
    summary: 'list the scenarios that are there',
    load: async () => (await import('./ls.ts')).lsCommand,
  },
  generate: {
    group: 'Scenarios',
    summary: 'write what a fleet would send to files or Kafka, without waiting for the clock',
    load: async () => (await import('./generate.ts')).generateCommand,
  },
  doctor: {
    group: 'Looking closer',
    summary: 'can this machine run it, and what would help',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  plan: {
    group: 'Looking closer',
    summary: 'what a scenario needs on a cluster, and what that costs an hour',
    load: async () => (await import('./plan.ts')).planCommand,
  },
  tail: {
    group: 'Looking closer',
    summary: 'print the records of a Kafka topic, decoded',
    load: async () => (await import('./tail.ts')).tailCommand,
  },
  deadletter: {
    group: 'Looking closer',
    summary: 'look at messages that were refused, and send them again',
    load: async () => (await import('./deadletter.ts')).deadletterCommand,
  },
  model: {
    group: 'Looking closer',
    summary: 'list the releases that were published, or look at one',
    load: async () => (await import('./model.ts')).modelCommand,
  },
  version: {
    group: 'Looking closer',
    summary: 'the versions of fleetbed, Node and Kafka',
    load: async () => (await import('./version.ts')).versionCommand,
  },
  simulate: {
    group: 'Parts, each on its own',
    summary: 'cars that drive and send',
    load: async () => (await import('./component-commands.ts')).simulateCommand(),
  },
  edge: {
    group: 'Parts, each on its own',
    summary: 'an edge agent: takes cars’ messages and keeps them until Kafka has them',
    load: async () => (await import('./component-commands.ts')).edgeCommand(),
  },
  bridge: {
    group: 'Parts, each on its own',
    summary: 'carries edges’ frames into Kafka, each once',
    load: async () => (await import('./component-commands.ts')).bridgeCommand(),
  },
  train: {
    group: 'Parts, each on its own',
    summary: 'learns from the history in Kafka, and publishes a signed release for the edges',
    load: async () => (await import('./component-commands.ts')).trainCommand(),
  },
} satisfies Record<string, Entry>;

export type CommandName = keyof typeof commands;

export const commandNames = Object.keys(commands) as CommandName[];

export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(commands, word);
}

/** What `fleetbed` alone prints. */
export function overview(): string {
  const groups = Map.groupBy(commandNames, (name) => commands[name].group);
  const list = [...groups].map(
    ([group, names]) =>
      `${group}\n${names.map((name) => `  ${name.padEnd(10)} ${commands[name].summary}\n`).join('')}`,
  );
  return `fleetbed: a fleet of connected cars, their edges and a real Apache Kafka on your machine,
with the proof that every message arrived.

Usage: fleetbed <command> [options]        in the repository: npm run -s fleetbed -- <command> …

${list.join('\n')}
Begin with   fleetbed run scenarios/quickstart.yaml     (npm start does the same)
Learn more   fleetbed <command> --help

Exit codes: 0 all well · 99 a threshold failed · 104 invalid scenario or option · 105 stopped by you ·
106 a part failed · 107 the machine starved the generator, so there is no verdict
`;
}
