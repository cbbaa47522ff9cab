import { exitCodes } from '#runtime/errors.ts';
import { loadScenario } from '../scenario/load.ts';
import { isSpoil, type Scenario, type TimelineEntry } from '../scenario/scenario.ts';
import { ScenarioError } from '../scenario/problems.ts';
import { spoiledCars } from '../scenario/spoils.ts';
import { largestStageCars, scheduleMs } from '../scenario/stages.ts';
import { shortDuration } from '../scenario/values.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { scenarioFiles, shippedFolder, shownPath } from './scenario-files.ts';

const usage = 'fleetbed ls [folder]';

export const lsCommand: Command = {
  name: 'ls',
  summary: 'list the scenarios that are there',
  usage,
  help: `Usage: ${usage}

Lists the scenarios of a folder: file, name, cars, duration, what goes wrong, description. Without a folder, those that
come with fleetbed.
`,
  async run(argv, io) {
    const given = readArguments(argv, {
      command: 'ls',
      options: {},
      positionals: { most: 1, what: 'one folder' },
    });
    const files = await scenarioFiles(given.positionals[0] ?? shippedFolder);
    if (files.length === 0) io.stdout.write('There are no scenarios (.yaml) here.\n');
    for (const file of files) io.stdout.write(`${await described(file)}\n`);
    return exitCodes.ok;
  },
};

async function described(file: string): Promise<string> {
  try {
    return inLines(shownPath(file), await loadScenario(file, { set: [], kafkaGiven: false }));
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const count = error.problems.length === 1 ? 'one problem' : `${error.problems.length} problems`;
    return `${shownPath(file)}\n  is no valid scenario: ${count} (fleetbed validate ${shownPath(file)})`;
  }
}

function inShort(entry: TimelineEntry): string {
  if (entry.action === 'fail') return entry.failure;
  if (isSpoil(entry)) return `${entry.action} ${spoiledCars(entry)}`;
  return `${entry.action} ${'link' in entry ? entry.link.name : entry.target}`;
}

function inLines(file: string, scenario: Scenario): string {
  const cars = largestStageCars(scenario.stages).toLocaleString('en');
  const training = scenario.training ? ['a model is learned'] : [];
  const facts = [
    `${cars} cars`,
    shortDuration(scheduleMs(scenario.stages)),
    ...training,
    ...scenario.timeline.map(inShort),
  ].join(' · ');
  const name = file.endsWith(`${scenario.name}.yaml`) ? '' : `${scenario.name} · `;
  return [file, `  ${name}${facts}`, ...(scenario.description ? [`  ${scenario.description}`] : [])].join(
    '\n',
  );
}
