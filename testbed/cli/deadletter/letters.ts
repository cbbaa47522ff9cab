import { decodeOrigin, originHeader } from '#contract/origin.ts';
import { deadLetterCodec, type DeadLetter } from '#contract/records.ts';
import { topicName } from '#contract/topics.ts';
import { inWords } from '#runtime/errors.ts';
import type { ReadRecord } from '#wire/kafka-reader.ts';
import { readSpans, type ChooseSpans, type Span } from '#wire/kafka-spans.ts';
import type { Kafka } from '#wire/kafka.ts';

/** Where a letter lies. */
export interface Position {
  partition: number;
  offset: number;
}

export interface Letter extends DeadLetter, Position {
  /** null where the record does not say which run it is of. */
  run: string | null;
}

/** Which letters: those that are named, or all that agree with every word that is given. */
export interface Choice {
  positions?: readonly Position[];
  run?: string | undefined;
  reason?: string | undefined;
  source?: string | undefined;
}

export interface ReadLetters {
  topicPrefix: string;
  choice: Choice;
  onLetter: (letter: Letter) => void;
  /** A record that is no dead letter, whatever the choice: it says neither reason nor source. */
  onUnreadable: (where: string, why: string) => void;
}

/**
 * Reads the letters that are committed at this moment; it does not wait for transactions that are open.
 * @throws UserError when Kafka cannot be reached or lacks the topic; what onLetter threw
 */
export async function readLetters(kafka: Kafka, options: ReadLetters): Promise<void> {
  const { topicPrefix, choice, onLetter, onUnreadable } = options;
  const named = choice.positions && new Set(choice.positions.map(nameOf));
  await readSpans(kafka, {
    topic: topicName('fleet.deadletter', topicPrefix),
    choose: choice.positions ? around(choice.positions) : all,
    onBatch: (records) => {
      for (const record of records) {
        const where = nameOf({ partition: record.partition, offset: Number(record.offset) });
        if (named?.has(where) === false) continue;
        const letter = letterOf(record);
        if (typeof letter === 'string') onUnreadable(where, letter);
        else if (agrees(letter, choice)) onLetter(letter);
      }
    },
  });
}

/** 0:17 */
export function nameOf({ partition, offset }: Position): string {
  return `${partition}:${offset}`;
}

/** By the time of the refusal, the oldest first. */
export function byAge(one: Pick<Letter, 'at' | keyof Position>, other: typeof one): number {
  return one.at - other.at || one.partition - other.partition || one.offset - other.offset;
}

function letterOf(record: ReadRecord): Letter | string {
  const { partition, offset, value, headers } = record;
  if (value === null) return 'it was deleted';
  const header = headers[originHeader];
  const origin = decodeOrigin(Array.isArray(header) ? header[0] : header);
  try {
    const letter = deadLetterCodec.decode(value);
    return { ...letter, partition, offset: Number(offset), run: origin?.run ?? null };
  } catch (error) {
    return inWords(error);
  }
}

function agrees(letter: Letter, { run, reason, source }: Choice): boolean {
  return (
    (run === undefined || letter.run === run) &&
    (reason === undefined || letter.reason === reason) &&
    (source === undefined || letter.source === source)
  );
}

const all: ChooseSpans = async (places, offsetsAt) => {
  const [starts, ends] = [await offsetsAt('start'), await offsetsAt('stable')];
  return places.map((place, index) => ({ ...place, position: starts[index] ?? 0, end: ends[index] ?? 0 }));
};

/** Of each partition no more than from the first to the last letter that is named, as far as it is there. */
function around(positions: readonly Position[]): ChooseSpans {
  return async (places, offsetsAt) => {
    const spans: Span[] = [];
    for (const span of await all(places, offsetsAt)) {
      const offsets = positions
        .filter((each) => each.partition === span.partition)
        .map((each) => each.offset);
      const position = Math.max(span.position, Math.min(...offsets));
      const end = Math.min(span.end, Math.max(...offsets) + 1);
      if (position < end) spans.push({ ...span, position, end });
    }
    return spans;
  };
}
