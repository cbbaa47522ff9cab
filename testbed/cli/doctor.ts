import path from 'node:path';
import { exitCodes } from '#runtime/errors.ts';
import type { KafkaConfig } from '#wire/kafka.ts';
import { hasBatchPolicy } from '../run/batch-policy.ts';
import { machineLimits } from '../run/machine-limits.ts';
import { sizingFor } from '../scenario/processes.ts';
import { loadScenario } from '../scenario/load.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { largestStageCars, scheduleMs } from '../scenario/stages.ts';
import { shortDuration } from '../scenario/values.ts';
import type { Limits, Sizing } from '../sizing.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { clockFinding, watchClock } from './doctor/clock.ts';
import { lookAtConnectRate } from './doctor/connect-rate.ts';
import { measureSlowness } from './doctor/core-speed.ts';
import { descriptorFacts, descriptorsFinding } from './doctor/descriptors.ts';
import { diskFindings } from './doctor/disk.ts';
import type { Finding } from './doctor/finding.ts';
import { givenKafkaFinding, kafkaFindings } from './doctor/kafka.ts';
import { coresFinding, memoryFinding, nodeFinding, schedulingFinding } from './doctor/machine.ts';
import { conntrackFinding, localPortsFinding, portsFinding, timeWaitFinding } from './doctor/network.ts';
import { givenKafka } from './kafka-option.ts';
import { overrideOptions, overridesFrom } from './overrides.ts';
import { planInWords } from './plan-words.ts';
import { shippedFolder } from './scenario-files.ts';

const usage =
  'fleetbed doctor [scenario.yaml] [--cars N] [--duration 2m] [--set path=value] [--kafka [host:port]]';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'can this machine run it, and what would help',
  usage,
  help: `Usage: ${usage}

Says which processes a scenario (without one: quickstart) is made of and what they need, by the plan that a run uses. Then
looks at this machine: Node, Java, Kafka, cores and how fast they are, memory, disk, descriptors, ports, clock, and how many cars a
second can connect (measured, some seconds); what each means for the scenario, and which command helps. Needs are estimates on the safe side.

  --cars N           as in run: ask for a larger or smaller fleet
  --duration 2m      as in run
  --seed N           as in run
  --set path=value   as in run (may be repeated)
  --kafka [host:port,…]   for a run against a Kafka of your own: Java and Maven are not needed; with its address, does it answer?

Exit codes: 0 a run can start · 104 the scenario is invalid · 106 it cannot start
`,
  async run(argv, io) {
    const given = readArguments(argv, {
      command: 'doctor',
      options: { ...overrideOptions, kafka: /^[^\s/]+:\d+(,|$)/ },
      positionals: { most: 1, what: 'one scenario' },
    });
    const file = given.positionals[0] ?? path.join(shippedFolder, 'quickstart.yaml');
    const kafkaGiven = given.has('kafka');
    const kafka = kafkaGiven ? givenKafka(io.env, given.value('kafka')) : undefined;
    const limits = machineLimits();
    const scenario = await loadScenario(file, { ...overridesFrom(given), kafkaGiven, limits });
    const sizing = sizingFor(scenario, limits, kafkaGiven);
    const cars = largestStageCars(scenario.stages).toLocaleString('en');
    io.stdout.write(`For ${scenario.name}: ${cars} cars, ${shortDuration(scheduleMs(scenario.stages))}\n\n`);
    io.stdout.write(`${planInWords(sizing)}\n`);
    const findings = await examine({ scenario, sizing, limits, kafkaGiven, kafka, env: io.env });
    for (const finding of findings) io.stdout.write(inLines(finding));
    const blocked = findings.some(({ state }) => state === 'blocks');
    const warned = findings.some(({ state }) => state === 'warns');
    const verdict = blocked ? 'It cannot start like this.' : warned ? 'It can start.' : 'All is well.';
    io.stdout.write(`\n${verdict}\n`);
    return blocked ? exitCodes.componentFailed : exitCodes.ok;
  },
};

async function examine(of: {
  scenario: Scenario;
  sizing: Sizing;
  limits: Limits;
  kafkaGiven: boolean;
  kafka: KafkaConfig | undefined;
  env: NodeJS.ProcessEnv;
}): Promise<Finding[]> {
  const { scenario, sizing, limits, kafkaGiven } = of;
  const { ratePerSecond } = scenario.connect;
  const clock = watchClock();
  const findings = [
    nodeFinding(process.versions.node),
    ...(kafkaGiven ? [await givenKafkaFinding(of.kafka)] : await kafkaFindings(of.env)),
    coresFinding(limits.cores, sizing, await measureSlowness(limits.cores)),
    schedulingFinding(hasBatchPolicy()),
    memoryFinding(process.availableMemory(), sizing),
    ...(await diskFindings(sizing)),
    descriptorsFinding(sizing, descriptorFacts()),
    await portsFinding(sizing),
    localPortsFinding(sizing),
    timeWaitFinding(sizing),
    conntrackFinding(sizing),
    await lookAtConnectRate(sizing, limits.cores, ratePerSecond, scenario.stages[0]?.cars ?? 0),
    clockFinding(await clock(), kafkaGiven),
  ];
  return findings.filter((finding) => finding !== undefined);
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
