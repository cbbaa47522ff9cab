import { readReleases, type ReleaseShelf } from '#cloud/release-shelf.ts';
import type { ReleaseManifest } from '#contract/release.ts';
import { nearestWord } from '#runtime/config.ts';
import { exitCodes, UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { connectKafka } from '#wire/kafka.ts';
import { readArguments, type Given } from './arguments.ts';
import type { Command, Io } from './command.ts';
import { kafkaOf } from './kafka-option.ts';
import { listLines, manifestLines } from './model-words.ts';

const usage = 'fleetbed model ls|show ID --kafka host:port,… [--run ID] [--topic-prefix P] [--json]';

const help = `Usage: ${usage}

Looks at the releases that were published to a Kafka: signed models, as edges run them.

  ls                   lists them, the newest first
  show ID              says what the manifest of one says: what it learnt from, its thresholds, who signed it until when
  --kafka host:port,…  Kafka's brokers; or FLEETBED_KAFKA_BROKERS
  --run ID             only releases of this run
  --topic-prefix P     what stands before every topic's name there
  --json               ls: a JSON list of the releases; show: the manifest itself

Signatures are not checked here: that is done by every edge. TLS and SASL come from the environment, as for fleetbed tail.
`;

const actions = ['ls', 'show'] as const;

export const modelCommand: Command = {
  name: 'model',
  summary: 'the releases that were published, and what is in one',
  usage,
  help,
  async run(argv, io) {
    const given = readArguments(argv, {
      command: 'model',
      options: { kafka: 'value', run: 'value', 'topic-prefix': 'value', json: 'flag' },
      positionals: { most: 2, what: 'ls, or show and a release' },
    });
    const [action, id, ...more] = given.positionals;
    if (action === 'ls' && id === undefined) return list(given, io);
    if (action === 'show' && id !== undefined && more.length === 0) return show(id, given, io);
    throw wrong(complaint(action, id));
  },
};

function complaint(action: string | undefined, id: string | undefined): string {
  if (action === undefined) return 'ls or show?';
  if (action === 'ls')
    return `ls takes no ${id ?? 'argument'}; did you mean fleetbed model show ${id ?? 'ID'}?`;
  if (action === 'show') return 'show which release? fleetbed model ls lists them';
  const near = nearestWord(action, actions);
  return `expected ls or show, got ${action}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

async function list(given: Given, io: Io): Promise<number> {
  const shelf = await shelfOf(given, io);
  const entries = shelf.entries();
  if (given.has('json')) io.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
  else if (entries.length === 0) io.stdout.write('No release is published here.\n');
  else io.stdout.write(`${entries.flatMap((entry) => listLines(entry, Date.now())).join('\n')}\n`);
  for (const words of shelf.unreadable()) io.stderr.write(`${words}\n`);
  return exitCodes.ok;
}

async function show(id: string, given: Given, io: Io): Promise<number> {
  const shelf = await shelfOf(given, io);
  const manifest = theOne(id, shelf);
  if (given.has('json')) io.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`);
  else {
    const lines = manifestLines(manifest, { isComplete: shelf.isComplete(manifest), now: Date.now() });
    io.stdout.write(`${lines.join('\n')}\n`);
  }
  return exitCodes.ok;
}

function theOne(id: string, shelf: ReleaseShelf): ReleaseManifest {
  const manifests = shelf.manifests();
  const [found, ...others] = manifests.filter((manifest) => manifest.id === id);
  if (found === undefined) {
    const reason = shelf.unreadable().find((words) => words.split(': ')[0]?.endsWith(`/${id}`));
    if (reason !== undefined) throw wrong(reason);
    const ids = manifests.map((manifest) => manifest.id);
    // r7 alone is what a person remembers of r7-52a1b0c9d8e7.
    const near = ids.find((each) => each.startsWith(`${id}-`)) ?? nearestWord(id, ids);
    const hint = near === undefined ? 'fleetbed model ls lists them' : `did you mean ${near}?`;
    throw wrong(`there is no release ${id}: ${hint}`);
  }
  // The same bytes with the same counter: two runs with one seed may well have it.
  if (others.length === 0) return found;
  const runs = [found, ...others].map(({ run }) => run).join(', ');
  throw wrong(`release ${id} is there in the runs ${runs}: say which by --run`);
}

async function shelfOf(given: Given, io: Io): Promise<ReleaseShelf> {
  const option = { brokers: given.value('kafka'), topicPrefix: given.value('topic-prefix') };
  const config = kafkaOf('model', option, io.env);
  const kafka = connectKafka(config, createLog({ component: 'model', level: 'silent' }));
  return readReleases(kafka, { run: given.value('run') ?? null, topicPrefix: config.topicPrefix });
}

function wrong(words: string): UserError {
  return new UserError('config', `fleetbed model: ${words}`);
}
