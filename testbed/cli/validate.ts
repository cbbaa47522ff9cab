import { exitCodes, UserError } from '#runtime/errors.ts';
import { ScenarioError } from '../scenario/problems.ts';
import { loadScenario } from '../scenario/load.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { overridesFrom, overrideOptions } from './overrides.ts';
import { scenarioFiles, shownPath } from './scenario-files.ts';

const usage =
  'fleetbed validate <scenario.yaml | folder>… [--cars N] [--duration 2m] [--set path=value] [--kafka]';

export const validateCommand: Command = {
  name: 'validate',
  summary: 'check scenarios without running them',
  usage,
  help: `Usage: ${usage}

Checks scenarios, or all scenarios of a folder: every field, unit, target and reference. Lists all problems at once, as
file:line:column: path: what was expected, what was found, and the nearest right word.

  --cars N           as in run: scales the stages before the check
  --duration 2m      as in run
  --seed N           as in run
  --set path=value   as in run (may be repeated)
  --kafka            check for a run against a Kafka of your own, which the timeline may not break

Exit codes: 0 all are valid · 104 one is not

Editors check while you type: point them at scenarios/scenario.schema.json, as the first line of each scenario does.
`,
  async run(argv, io) {
    const given = readArguments(argv, {
      command: 'validate',
      options: { ...overrideOptions, kafka: 'flag' },
      positionals: { most: Number.POSITIVE_INFINITY, what: 'scenarios' },
    });
    if (given.positionals.length === 0) {
      throw new UserError('config', 'fleetbed validate: which scenario? (fleetbed ls shows some)');
    }
    const overrides = { ...overridesFrom(given), kafkaGiven: given.has('kafka') };
    let valid = true;
    for (const place of given.positionals) {
      for (const file of await scenarioFiles(place)) {
        try {
          const scenario = await loadScenario(file, overrides);
          io.stdout.write(`${shownPath(file)}: ${scenario.name} is valid\n`);
        } catch (error) {
          if (!(error instanceof ScenarioError)) throw error;
          valid = false;
          io.stderr.write(`${error.message}\n`);
        }
      }
    }
    return valid ? exitCodes.ok : exitCodes.invalidConfiguration;
  },
};
