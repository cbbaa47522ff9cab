import { codec, instant } from './codec.ts';

/** What fleet.ledger holds beside the marks of ledger-marks.ts: by what the verdict accounts for every message. */

/** Messages of one car, from one seq to another, both included. */
export interface SeqSpan {
  vin: string;
  session: number;
  fromSeq: number;
  toSeq: number;
}

/**
 * fleet.ledger: what an edge's full outbox dropped of one epoch since it said so last. Each range is told once. Frames
 * between the first and the last one that were in flight stayed, and arrive.
 */
export interface Eviction {
  edge: string;
  at: number;
  /** 16 hex digits. */
  epoch: string;
  firstFrame: number;
  lastFrame: number;
  /** Predictions that were lost with them: as many are missing in the edge's predictionSeq. */
  predictions: number;
  /** Messages among them whose bytes do not say which they are: dead letters. */
  unnamed: number;
  ranges: SeqSpan[];
}

export const evictionCodec = codec<Eviction>('Eviction', [
  { name: 'edge', type: 'string' },
  { name: 'at', type: instant },
  { name: 'epoch', type: 'string' },
  { name: 'firstFrame', type: 'long' },
  { name: 'lastFrame', type: 'long' },
  { name: 'predictions', type: 'long' },
  { name: 'unnamed', type: 'long', default: 0 },
  {
    name: 'ranges',
    type: {
      type: 'array',
      items: {
        type: 'record',
        name: 'SeqSpan',
        fields: [
          { name: 'vin', type: 'string' },
          { name: 'session', type: 'long' },
          { name: 'fromSeq', type: 'long' },
          { name: 'toSeq', type: 'long' },
        ],
      },
    },
  },
]);

/** What a scenario does to messages of a car on purpose. */
export const spoilKinds = [
  'duplicate',
  'reorder',
  'corrupt',
  'oversize',
  'wrong-schema',
  'skew',
  'slow-consumer',
] as const;
export type SpoilKind = (typeof spoilKinds)[number];

/** One message that was spoiled on purpose. */
export interface SpoiledMessage {
  vin: string;
  session: number;
  seq: number;
  /** reorder: it was sent too late. corrupt, wrong-schema: its bytes say no more what it is. oversize: no edge takes it. */
  kind: 'reorder' | 'corrupt' | 'oversize' | 'wrong-schema';
  /** SHA-1 of the bytes that were sent, base64. */
  hash: string;
}

/** fleet.ledger: messages that a shard has spoiled since it said so last. */
export interface Spoiled {
  shard: string;
  at: number;
  messages: SpoiledMessage[];
}

export const spoiledCodec = codec<Spoiled>('Spoiled', [
  { name: 'shard', type: 'string' },
  { name: 'at', type: instant },
  {
    name: 'messages',
    type: {
      type: 'array',
      items: {
        type: 'record',
        name: 'SpoiledMessage',
        fields: [
          { name: 'vin', type: 'string' },
          { name: 'session', type: 'long' },
          { name: 'seq', type: 'long' },
          { name: 'kind', type: 'string' },
          { name: 'hash', type: 'string' },
        ],
      },
    },
  },
]);
