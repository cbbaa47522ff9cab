import { exitCodes } from '#runtime/errors.ts';
import type { Kafka } from '#wire/kafka.ts';
import { bytes, count, plural } from '../../verdict/figures.ts';
import type { Io } from '../command.ts';
import { byAge, nameOf, readLetters, type Choice, type Letter } from './letters.ts';
import { harmless, shortened, table } from './words.ts';

/** A letter without its bytes. */
type Row = Omit<Letter, 'bytes'> & { length: number };

export interface ListOptions {
  topicPrefix: string;
  choice: Choice;
  /** The newest so many are shown; all are counted. */
  max: number;
  json: boolean;
}

const shownDetail = 100;

/** `ls`: the newest last, then how many there are of each reason. */
export async function listLetters(kafka: Kafka, options: ListOptions, io: Io): Promise<number> {
  const { topicPrefix, choice, max, json } = options;
  const newest = new Newest(max);
  const byReason = new Map<string, number>();
  let matched = 0;
  await readLetters(kafka, {
    topicPrefix,
    choice,
    onLetter: ({ bytes: payload, ...letter }) => {
      matched++;
      byReason.set(letter.reason, (byReason.get(letter.reason) ?? 0) + 1);
      newest.add({ ...letter, length: payload.length });
    },
    onUnreadable: (where, why) => io.stderr.write(`${where}: ${harmless(why)}\n`),
  });
  const rows = newest.rows();
  const reasons = [...byReason].sort(([, one], [, other]) => other - one);
  if (json) {
    const letters = rows.map(inPlainValues);
    const all = { letters, matched, byReason: Object.fromEntries(reasons) };
    io.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return exitCodes.ok;
  }
  const lines = rows.length === 0 ? [] : table([titles, ...rows.map(cells)], [5]);
  for (const line of lines) io.stdout.write(`${line}\n`);
  io.stdout.write(`${ending(matched, rows.length, reasons)}\n`);
  return exitCodes.ok;
}

/** Keeps the newest so many of any number, in memory for twice as many. */
class Newest {
  readonly #max: number;
  #rows: Row[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  add(row: Row): void {
    this.#rows.push(row);
    if (this.#rows.length >= 2 * this.#max) this.#rows = this.rows();
  }

  /** The oldest first. */
  rows(): Row[] {
    return this.#rows.sort(byAge).slice(-this.#max);
  }
}

const titles = ['letter', 'at', 'source', 'reason', 'topic', 'bytes', 'detail'];

function cells(row: Row): string[] {
  const { at, source, reason, topic, length, detail } = row;
  const words = [source, reason, topic].map(harmless);
  return [
    nameOf(row),
    new Date(at).toISOString(),
    ...words,
    bytes(length),
    shortened(harmless(detail), shownDetail),
  ];
}

function inPlainValues(row: Row): unknown {
  const { partition, offset, at, run, ...rest } = row;
  return { letter: nameOf(row), partition, offset, at: new Date(at).toISOString(), run, ...rest };
}

function ending(matched: number, shown: number, reasons: readonly [string, number][]): string {
  if (matched === 0) return 'No dead letter is there.';
  const counts = reasons.map(([reason, number]) => `${count(number)} ${harmless(reason)}`).join(', ');
  const more = shown < matched ? ` (the newest ${count(shown)} are shown; --max N shows more)` : '';
  return `${plural(matched, 'letter')}: ${counts}${more}`;
}
