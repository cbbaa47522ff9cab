import {
  decodeFrameHeader,
  decodeFrameLeniently,
  FrameError,
  type FrameHeader,
  type LooseEntry,
} from '#contract/frame.ts';
import { runKey } from '#contract/identity.ts';
import { edgeTopics } from '#contract/mqtt-topics.ts';
import { encodeOrigin, originHeader } from '#contract/origin.ts';
import { evictionCodec } from '#contract/ledger-records.ts';
import {
  deadLetterCodec,
  edgeStateCodec,
  predictionCodec,
  type DeadLetterReason,
} from '#contract/records.ts';
import { telemetryHeader } from '#contract/telemetry.ts';
import type { TopicName } from '#contract/topics.ts';

/** Kafka refuses record batches above message.max.bytes, 1,048,588 by default: this leaves room for key and header. */
export const maxRecordBytes = 900_000;

/** One record on its way to Kafka; the topic still without the installation's prefix. */
export interface FrameRecord {
  topic: TopicName;
  key: string;
  value: Buffer;
  headers: Record<string, Buffer>;
}

export interface FrameRecords {
  records: FrameRecord[];
  /** One for each thing that was refused, not for each part of its letter. */
  refused: { reason: DeadLetterReason; detail: string }[];
}

/** Whose frames they are. */
export interface Sender {
  run: string;
  edge: string;
}

/** Stands in the origin of a frame whose own epoch cannot be read. */
const unreadable = { epoch: '0'.repeat(16), number: 1, stored: false };

/**
 * The header of a frame that can be numbered.
 * @throws FrameError when the bytes are no frame, or its number is none
 */
export function readFrameHeader(bytes: Buffer): FrameHeader {
  const header = decodeFrameHeader(bytes);
  if (!Number.isSafeInteger(header.number) || header.number < 1)
    throw new FrameError(`frame number ${header.number}`);
  return header;
}

/** A numbered frame's records: each entry unchanged for its own topic, or as a dead letter that says why not. */
export function frameRecords(bytes: Buffer, header: FrameHeader, sender: Sender): FrameRecords {
  const origin = encodeOrigin({ ...sender, ...header });
  const out: FrameRecords = { records: [], refused: [] };
  let entries: LooseEntry[];
  try {
    entries = decodeFrameLeniently(bytes).entries;
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    refuse(out, 'bad-frame', error.message, { key: sender.edge, bytes }, sender, origin);
    return out;
  }
  const headers = { [originHeader]: origin };
  for (const [index, entry] of entries.entries()) {
    const wrong = whatIsWrong(entry, sender);
    if (wrong !== null || entry.destination === null) {
      const detail = `entry ${index} of frame ${header.epoch}/${header.number}: ${wrong}`;
      refuse(out, 'bad-entry', detail, { key: entry.key, bytes: entry.value }, sender, origin);
    } else {
      out.records.push({ topic: entry.destination, key: entry.key, value: entry.value, headers });
    }
  }
  return out;
}

/** Bytes that are no frame at all, whole, as a dead letter. */
export function badFrameRecords(bytes: Buffer, detail: string, sender: Sender): FrameRecords {
  const out: FrameRecords = { records: [], refused: [] };
  const origin = encodeOrigin({ ...sender, ...unreadable });
  refuse(out, 'bad-frame', detail, { key: sender.edge, bytes }, sender, origin);
  return out;
}

/** What an edge may write, and what has to be true of it: null, or what is wrong. */
const writable: Partial<Record<TopicName, (entry: LooseEntry, sender: Sender) => string | null>> = {
  'fleet.telemetry': ({ value }) =>
    startsWith(value, telemetryHeader) ? null : 'not a TelemetryBatch of a known schema',
  'fleet.predictions': ({ value }) =>
    predictionCodec.matches(value) ? null : 'not a Prediction of a known schema',
  'fleet.deadletter': ({ value }) =>
    deadLetterCodec.matches(value) ? null : 'not a DeadLetter of a known schema',
  'fleet.ledger': ({ key, value }, { edge }) => {
    if (key !== edge) return `an edge may not say what ${key} dropped`;
    return evictionCodec.matches(value) ? null : 'not an Eviction of a known schema';
  },
  'fleet.edges': ({ key, value }, { run, edge }) => {
    if (key !== runKey(run, edge)) return `an edge may not write the state of ${key}`;
    return edgeStateCodec.matches(value) ? null : 'not an EdgeState of a known schema';
  },
};

/** null for an entry that its edge may write as it is. */
function whatIsWrong(entry: LooseEntry, sender: Sender): string | null {
  if (entry.value.length > maxRecordBytes) return `${entry.value.length} bytes, more than ${maxRecordBytes}`;
  if (entry.destination === null) return 'it names no known topic';
  const check = writable[entry.destination];
  return check ? check(entry, sender) : `an edge may not write to ${entry.destination}`;
}

function startsWith(bytes: Buffer, header: Buffer): boolean {
  return bytes.length > header.length && bytes.compare(header, 0, header.length, 0, header.length) === 0;
}

/** Bytes that one record cannot hold go into several letters, in order: joined, they are unchanged. */
function refuse(
  out: FrameRecords,
  reason: DeadLetterReason,
  detail: string,
  what: { key: string; bytes: Buffer },
  sender: Sender,
  origin: Buffer,
): void {
  out.refused.push({ reason, detail });
  const parts = Math.max(1, Math.ceil(what.bytes.length / maxRecordBytes));
  for (let part = 0; part < parts; part++) {
    const value = deadLetterCodec.encode({
      source: 'bridge',
      reason,
      detail: parts === 1 ? detail : `${detail} (part ${part + 1} of ${parts})`,
      topic: edgeTopics.uplink(sender.edge),
      key: what.key,
      bytes: what.bytes.subarray(part * maxRecordBytes, (part + 1) * maxRecordBytes),
      at: Date.now(),
    });
    out.records.push({
      topic: 'fleet.deadletter',
      key: 'bridge',
      value,
      headers: { [originHeader]: origin },
    });
  }
}
