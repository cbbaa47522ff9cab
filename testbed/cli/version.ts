import { exitCodes } from '#runtime/errors.ts';
import { programVersion } from '../run/folders.ts';
import { kafkaVersion } from '../run/kafka/resolve.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './command.ts';

const usage = 'fleetbed version';

export const versionCommand: Command = {
  name: 'version',
  summary: 'the versions of fleetbed, Node and Kafka',
  usage,
  help: `Usage: ${usage}

Prints the versions of fleetbed, of the Node it runs on, and of the Apache Kafka that local runs use.
`,
  async run(argv, io) {
    readArguments(argv, { command: 'version', options: {}, positionals: { most: 0, what: 'argument' } });
    io.stdout.write(
      `fleetbed ${await programVersion()}\nnode     ${process.versions.node}\nkafka    ${kafkaVersion()}\n`,
    );
    return exitCodes.ok;
  },
};
