import { deadLetterReasons } from '#contract/records.ts';
import { hostPort, nearestWord, type HostPort } from '#runtime/config.ts';
import { UserError } from '#runtime/errors.ts';
import type { KafkaConfig } from '#wire/kafka.ts';
import { readArguments, type Given } from '../arguments.ts';
import { kafkaOf } from '../kafka-option.ts';
import type { Choice, Position } from './letters.ts';

interface Common {
  kafka: KafkaConfig;
  json: boolean;
}

/** What `fleetbed deadletter` was asked for. */
export type Request = Common &
  (
    | { action: 'ls'; choice: Choice; max: number }
    | { action: 'show'; position: Position; out: string | undefined }
    | { action: 'redrive'; choice: Choice; max: number; to: Target | null }
  );

/** Where letters are sent again. */
export interface Target {
  edge: HostPort;
  fleetSecret: string;
}

/** In a list, where nothing else is said. */
const defaultMax = 100;

const filters = { run: 'value', reason: 'value', source: 'value', max: 'value' } as const;
const everywhere = { kafka: 'value', 'topic-prefix': 'value', json: 'flag' } as const;
const options = {
  ls: { ...everywhere, ...filters },
  show: { ...everywhere, out: 'value' },
  redrive: { ...everywhere, ...filters, offset: 'values', edge: 'value', 'dry-run': 'flag' },
} as const;
type Action = keyof typeof options;
const actions = Object.keys(options) as Action[];

/** @throws UserError 'config' with the nearest right word */
export function readRequest(argv: readonly string[], env: NodeJS.ProcessEnv): Request {
  const given = readArguments(argv, {
    command: 'deadletter',
    options: { ...options.ls, ...options.show, ...options.redrive },
    positionals: { most: 2, what: 'ls, redrive, or show and a letter' },
  });
  const [word, letter] = given.positionals;
  const action = actionOf(word);
  refuseForeign(action, given);
  if (action !== 'show' && letter !== undefined) throw wrong(complaint(action, letter));
  const option = { brokers: given.value('kafka'), topicPrefix: given.value('topic-prefix') };
  const common = { kafka: kafkaOf('deadletter', option, env), json: given.has('json') };
  if (action === 'show') {
    if (letter === undefined) throw wrong('show which letter? fleetbed deadletter ls lists them');
    return { ...common, action, position: positionOf(letter), out: given.value('out') };
  }
  if (action === 'ls') return { ...common, action, choice: choiceOf(given), max: maxOf(given) ?? defaultMax };
  const choice = redriveChoice(given);
  const to = given.has('dry-run') ? null : targetOf(given, env);
  return { ...common, action, choice, max: maxOf(given) ?? Infinity, to };
}

function actionOf(word: string | undefined): Action {
  const action = actions.find((each) => each === word);
  if (action !== undefined) return action;
  if (word === undefined) throw wrong('ls, show or redrive?');
  const near = nearestWord(word, actions);
  throw wrong(
    `expected ls, show or redrive, got ${word}${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

function complaint(action: Action, letter: string): string {
  const meant = action === 'ls' ? `show ${letter}` : `redrive --offset ${letter}`;
  return `${action} takes no ${letter}; did you mean fleetbed deadletter ${meant}?`;
}

function refuseForeign(action: Action, given: Given): void {
  const all = actions.flatMap((each) => Object.keys(options[each]));
  const foreign = all.find((option) => given.has(option) && !Object.hasOwn(options[action], option));
  if (foreign === undefined) return;
  const owners = actions.filter((each) => Object.hasOwn(options[each], foreign));
  throw wrong(
    `${action} takes no --${foreign}; ${owners.join(' and ')} ${owners.length === 1 ? 'does' : 'do'}`,
  );
}

function choiceOf(given: Given): Choice {
  const reason = given.value('reason');
  if (reason !== undefined && !(deadLetterReasons as readonly string[]).includes(reason)) {
    const near = nearestWord(reason, deadLetterReasons);
    const hint = near === undefined ? `one of ${deadLetterReasons.join(', ')}` : `did you mean ${near}?`;
    throw wrong(`--reason: there is no reason ${reason}: ${hint}`);
  }
  return { run: given.value('run'), reason, source: given.value('source') };
}

/** Never all that there are by omission: what is sent again may be stored. */
function redriveChoice(given: Given): Choice {
  const choice = choiceOf(given);
  const chosen = given.values('offset').map(positionOf);
  const filter = Object.keys(filters).find((name) => given.has(name));
  if (chosen.length > 0) {
    if (filter !== undefined) throw wrong(`--offset names letters one by one; leave out --${filter}`);
    return { positions: chosen };
  }
  if (choice.reason === undefined && choice.source === undefined && choice.run === undefined)
    throw wrong('which letters? Choose by --reason, --source or --run, or name them by --offset');
  return choice;
}

function positionOf(text: string): Position {
  const [, partition, offset] = /^(\d{1,9}):(\d{1,15})$/.exec(text) ?? [];
  if (partition === undefined || offset === undefined)
    throw wrong(`a letter is named PARTITION:OFFSET, such as 0:17, got ${text}`);
  return { partition: Number(partition), offset: Number(offset) };
}

function maxOf(given: Given): number | undefined {
  const text = given.value('max');
  if (text === undefined) return undefined;
  const max = Number(text);
  if (Number.isSafeInteger(max) && max > 0) return max;
  throw wrong(`--max: expected a whole number from 1, got ${text}`);
}

function targetOf(given: Given, env: NodeJS.ProcessEnv): Target {
  const text = given.value('edge');
  if (text === undefined) throw wrong('to which edge? Give --edge host:port, or --dry-run');
  const edge = hostPort.safeParse(text);
  if (!edge.success) throw wrong(`--edge: expected host:port, such as localhost:1883, got ${text}`);
  const fleetSecret = env['FLEETBED_FLEET_SECRET'];
  if (fleetSecret === undefined || fleetSecret === '')
    throw wrong('cars have passwords: set FLEETBED_FLEET_SECRET to the secret that the edge has');
  return { edge: edge.data, fleetSecret };
}

export function wrong(words: string): UserError {
  return new UserError('config', `fleetbed deadletter: ${words}`);
}
