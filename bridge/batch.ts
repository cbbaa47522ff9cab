import { FrameError, type FrameHeader } from '#contract/frame.ts';
import { runKey } from '#contract/identity.ts';
import { encodeOrigin, originHeader } from '#contract/origin.ts';
import {
  framePositionCodec,
  type CommittedPosition,
  type DeadLetterReason,
  type FramePosition,
} from '#contract/records.ts';
import { topicName, type TopicName } from '#contract/topics.ts';
import type { CommittedFrames } from './committed-frames.ts';
import {
  badFrameRecords,
  frameRecords,
  maxRecordBytes,
  readFrameHeader,
  type FrameRecord,
  type Sender,
} from './frame-records.ts';

export interface BatchOptions {
  sender: Sender;
  /** A transaction ends at the first frame that reaches one of these. */
  limits: { maxBytes: number; maxFrames: number };
  topicPrefix: string;
}

/** One request to Kafka: records by topic, each topic's in the order of the frames. */
export type ProduceRequest = { topic: string; messages: Omit<FrameRecord, 'topic'>[] }[];

/** What one transaction does with the first frames that wait. */
export interface Batch {
  /** How many frames from the front it covers, also those that need no writing. */
  frames: number;
  /** Empty when every frame was committed before. */
  requests: ProduceRequest[];
  /** What is committed once this batch is. */
  committed: CommittedFrames;
  written: number;
  duplicates: number;
  /** First frames behind a gap. */
  gaps: FramePosition[];
  refused: { reason: DeadLetterReason; detail: string }[];
  records: number;
}

/** Per record: Kafka's own fields, the origin header, the varints. An upper bound, as the limit of a request is one. */
const overheadBytes = 150;

/**
 * Gathers the next transaction from the frames that wait, oldest first. Pure but for the dead letters' clock: after a
 * failure the same frames are gathered again beside what Kafka then says is committed.
 */
export function gatherBatch(
  waiting: Iterable<Buffer>,
  before: CommittedFrames,
  options: BatchOptions,
): Batch {
  const { sender, limits } = options;
  const requests = new Requests(options.topicPrefix);
  const batch: Batch = {
    frames: 0,
    requests: [],
    committed: before.copy(),
    written: 0,
    duplicates: 0,
    gaps: [],
    refused: [],
    records: 0,
  };
  let last: FrameHeader | undefined;
  let bytes = 0;
  for (const frame of waiting) {
    if (batch.written >= limits.maxFrames || (bytes > 0 && bytes + frame.length > limits.maxBytes)) break;
    const header = tryReadHeader(frame);
    if (!(header instanceof FrameError)) {
      const verdict = batch.committed.judge(header);
      if (verdict === 'duplicate') {
        batch.frames++;
        batch.duplicates++;
        continue;
      }
      if (verdict === 'gap') batch.gaps.push({ epoch: header.epoch, number: header.number });
      batch.committed.note(header);
      last = header;
    }
    const { records, refused } =
      header instanceof FrameError
        ? badFrameRecords(frame, header.message, sender)
        : frameRecords(frame, header, sender);
    for (const record of records) requests.add(record);
    batch.refused.push(...refused);
    batch.records += records.length;
    batch.written++;
    batch.frames++;
    bytes += frame.length;
  }
  const { position } = batch.committed;
  if (last !== undefined && position !== null) requests.add(positionRecord(position, last, sender));
  batch.requests = requests.finish();
  return batch;
}

function tryReadHeader(frame: Buffer): FrameHeader | FrameError {
  try {
    return readFrameHeader(frame);
  } catch (error) {
    if (error instanceof FrameError) return error;
    throw error;
  }
}

function positionRecord(position: CommittedPosition, last: FrameHeader, sender: Sender): FrameRecord {
  return {
    topic: 'fleet.frames',
    key: runKey(sender.run, sender.edge),
    value: framePositionCodec.encode(position),
    headers: { [originHeader]: encodeOrigin({ ...sender, ...last }) },
  };
}

/** Cuts records into requests that stay below a broker's limit on a batch, even if all go to one partition. */
class Requests {
  readonly #prefix: string;
  readonly #finished: ProduceRequest[] = [];
  #open = new Map<TopicName, ProduceRequest[number]>();
  #openBytes = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(record: FrameRecord): void {
    const bytes = record.value.length + record.key.length + overheadBytes;
    if (this.#openBytes > 0 && this.#openBytes + bytes > maxRecordBytes) this.#close();
    this.#openBytes += bytes;
    let entry = this.#open.get(record.topic);
    if (entry === undefined) {
      entry = { topic: topicName(record.topic, this.#prefix), messages: [] };
      this.#open.set(record.topic, entry);
    }
    entry.messages.push({ key: record.key, value: record.value, headers: record.headers });
  }

  finish(): ProduceRequest[] {
    if (this.#open.size > 0) this.#close();
    return this.#finished;
  }

  #close(): void {
    this.#finished.push([...this.#open.values()]);
    this.#open = new Map();
    this.#openBytes = 0;
  }
}
