import os from 'node:os';
import path from 'node:path';
import { exitCodes } from '#runtime/errors.ts';
import { processNames } from '../scenario/processes.ts';
import { loadScenario } from '../scenario/load.ts';
import { messageIntervalMs, type Scenario } from '../scenario/scenario.ts';
import { largestStageCars, scheduleMs } from '../scenario/stages.ts';
import { shortDuration } from '../scenario/values.ts';
import { sizingOf, type Sizing } from '../sizing.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { diskFindings } from './doctor/disk.ts';
import type { Finding } from './doctor/finding.ts';
import { kafkaFindings } from './doctor/kafka.ts';
import {
  coresFinding,
  descriptorsFinding,
  localPortsFinding,
  memoryFinding,
  nodeFinding,
  portsFinding,
} from './doctor/machine.ts';
import { overrideOptions, overridesFrom } from './overrides.ts';
import { shippedFolder } from './scenario-files.ts';

const usage = 'fleetbed doctor [scenario.yaml] [--cars N] [--duration 2m] [--set path=value] [--kafka]';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'can this machine run it, and what would help',
  usage,
  help: `Usage: ${usage}

Looks at this machine: Node, Java, Kafka, cores, memory, disk, descriptors, ports. Says what each means for the scenario
(without one: quickstart) and which command helps. What a scenario needs is an estimate on the safe side.

  --cars N           as in run: ask for a larger or smaller fleet
  --duration 2m      as in run
  --seed N           as in run
  --set path=value   as in run (may be repeated)
  --kafka            for a run against a Kafka of your own: Java and Maven are not needed

Exit codes: 0 a run can start · 104 the scenario is invalid · 106 it cannot start
`,
  async run(argv, io) {
    const given = readArguments(argv, {
      command: 'doctor',
      options: { ...overrideOptions, kafka: 'flag' },
      positionals: { most: 1, what: 'one scenario' },
    });
    const file = given.positionals[0] ?? path.join(shippedFolder, 'quickstart.yaml');
    const kafkaGiven = given.has('kafka');
    const scenario = await loadScenario(file, { ...overridesFrom(given), kafkaGiven });
    const cars = largestStageCars(scenario.stages).toLocaleString('en');
    io.stdout.write(`For ${scenario.name}: ${cars} cars, ${shortDuration(scheduleMs(scenario.stages))}\n\n`);
    const findings = await examine(sizingFor(scenario), kafkaGiven, io.env);
    for (const finding of findings) io.stdout.write(inLines(finding));
    const blocked = findings.some(({ state }) => state === 'blocks');
    const warned = findings.some(({ state }) => state === 'warns');
    const verdict = blocked ? 'It cannot start like this.' : warned ? 'It can start.' : 'All is well.';
    io.stdout.write(`\n${verdict}\n`);
    return blocked ? exitCodes.componentFailed : exitCodes.ok;
  },
};

async function examine(sizing: Sizing, kafkaGiven: boolean, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const localPorts = localPortsFinding(sizing);
  return [
    nodeFinding(process.versions.node),
    ...(kafkaGiven ? [] : await kafkaFindings(env)),
    coresFinding(os.availableParallelism(), sizing),
    memoryFinding(process.availableMemory(), sizing),
    ...(await diskFindings(sizing)),
    await descriptorsFinding(sizing),
    await portsFinding(sizing),
    ...(localPorts ? [localPorts] : []),
  ];
}

function sizingFor(scenario: Scenario): Sizing {
  const names = processNames(scenario);
  return sizingOf({
    cars: largestStageCars(scenario.stages),
    simulators: names.simulators.length,
    edges: names.edges.length,
    bridges: names.bridges.length,
    readingsPerMessage: scenario.fleet.readingsPerMessage,
    messageIntervalMs: messageIntervalMs(scenario),
    durationMs: scheduleMs(scenario.stages),
  });
}

const marks = { ok: '✓', warns: '!', blocks: '✗' } as const;

function inLines({ state, subject, found, consequence, fix }: Finding): string {
  const indent = ' '.repeat(17);
  return [
    `${marks[state]} ${subject.padEnd(14)} ${found}\n`,
    ...(consequence === undefined ? [] : [`${indent}${consequence}\n`]),
    ...(fix === undefined ? [] : [`${indent}-> ${fix}\n`]),
  ].join('');
}
