import { writeFile } from 'node:fs/promises';
import { exitCodes, inWords } from '#runtime/errors.ts';
import type { Kafka } from '#wire/kafka.ts';
import { count } from '../../verdict/figures.ts';
import type { Io } from '../command.ts';
import { nameOf, readLetters, type Letter, type Position } from './letters.ts';
import { wrong } from './request.ts';
import { today, todayInWords } from './today.ts';
import { harmless, hexdump, shortened, textOf } from './words.ts';

export interface ShowOptions {
  topicPrefix: string;
  position: Position;
  json: boolean;
  /** File for the bytes as they came. */
  out: string | undefined;
}

const shownBytes = 512;
const shownText = 4096;

/** `show`: everything that a letter says, and what would be said of it now. */
export async function showLetter(kafka: Kafka, options: ShowOptions, io: Io): Promise<number> {
  const { topicPrefix, position, json, out } = options;
  const letter = await readOne(kafka, topicPrefix, position);
  if (out !== undefined) await writeBytes(out, letter.bytes);
  if (json) io.stdout.write(`${JSON.stringify(inPlainValues(letter), null, 2)}\n`);
  else {
    const written = out === undefined ? [] : [`  ${count(letter.bytes.length)} bytes written to ${out}`];
    io.stdout.write(`${[...lines(letter), ...written].join('\n')}\n`);
  }
  return exitCodes.ok;
}

/** @throws UserError 'config' when there is no such letter */
async function readOne(kafka: Kafka, topicPrefix: string, position: Position): Promise<Letter> {
  let found: Letter | undefined;
  let unreadable: string | undefined;
  await readLetters(kafka, {
    topicPrefix,
    choice: { positions: [position] },
    onLetter: (letter) => (found = letter),
    onUnreadable: (_, why) => (unreadable = why),
  });
  if (found !== undefined) return found;
  const where = nameOf(position);
  if (unreadable !== undefined) throw wrong(`${where} cannot be read: ${harmless(unreadable)}`);
  throw wrong(`there is no letter ${where}: fleetbed deadletter ls lists them`);
}

async function writeBytes(file: string, bytes: Buffer): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (error) {
    throw wrong(`--out: ${inWords(error)}`);
  }
}

function lines(letter: Letter): string[] {
  const { source, reason, detail, topic, key, bytes, at, run } = letter;
  const facts: [string, string][] = [
    ['at', new Date(at).toISOString()],
    ['run', run ?? 'it does not say'],
    ['source', source],
    ['reason', reason],
    ['detail', detail],
    ['topic', topic],
    ['key', key],
    ['bytes', count(bytes.length)],
    ['today', todayInWords(today(letter, Date.now()))],
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  const text = textOf(bytes);
  const part = bytes.length > shownBytes ? `, the first ${shownBytes} of ${count(bytes.length)}` : '';
  return [
    nameOf(letter),
    ...facts.map(([name, value]) => `  ${name.padEnd(width)}${harmless(value)}`),
    `  the bytes${part}:`,
    ...hexdump(bytes.subarray(0, shownBytes)).map((line) => `    ${line}`),
    ...(text === null ? [] : ['  as text:', ...textLines(text)]),
  ];
}

function textLines(text: string): string[] {
  const shown = shortened(text, shownText);
  return shown.split(/\r?\n/).map((line) => `    ${harmless(line)}`);
}

function inPlainValues(letter: Letter): unknown {
  const { partition, offset, at, bytes, run, ...rest } = letter;
  const text = textOf(bytes);
  return {
    letter: nameOf(letter),
    partition,
    offset,
    at: new Date(at).toISOString(),
    run,
    ...rest,
    bytes: { length: bytes.length, base64: bytes.toString('base64'), text },
    today: today(letter, Date.now()),
  };
}
