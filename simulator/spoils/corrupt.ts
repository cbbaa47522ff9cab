import type { RandomStream } from '../random.ts';
import type { SpoilMode } from './spoil.ts';

/** Of an Avro record in single-object encoding. */
const headerBytes = 10;
/** Enough for no two pieces of noise to be alike: their hash says which message they were. */
const leastNoiseBytes = 32;
/** What an Avro record, and what JSON, begins with: noise that begins so might be taken for one. */
const meaningful = new Set([0xc3, 0x7b]);

const ways = [cut, overwriteHead, noise] as const;

/** Bytes that no decoder can take, damaged in one of three ways. */
export const corrupt: SpoilMode = {
  sending: 'once',
  damage: (record, random) => ways[below(ways.length, random)]!(record, random),
};

/** At least half of it stays, and says by its seq which message it was. A record has no end that could be missing unseen. */
function cut(record: Buffer, random: RandomStream): Buffer {
  const lost = 1 + below(Math.ceil(record.length / 2), random);
  return Buffer.from(record.subarray(0, record.length - lost));
}

function overwriteHead(record: Buffer, random: RandomStream): Buffer {
  const bytes = Buffer.from(record);
  meaningless(headerBytes, random).copy(bytes);
  return bytes;
}

function noise(record: Buffer, random: RandomStream): Buffer {
  return meaningless(leastNoiseBytes + below(record.length, random), random);
}

function meaningless(length: number, random: RandomStream): Buffer {
  const bytes = Buffer.from(Array.from({ length }, () => below(256, random)));
  while (meaningful.has(bytes[0]!)) bytes[0] = below(256, random);
  return bytes;
}

/** A whole number from 0 to n - 1. */
function below(n: number, random: RandomStream): number {
  return Math.floor(n * random.uniform());
}
