import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherBatch, type Batch } from '#bridge/batch.ts';
import { CommittedFrames } from '#bridge/committed-frames.ts';
import { maxRecordBytes } from '#bridge/frame-records.ts';
import { encodeFrame, markStored, type FrameEntry } from '#contract/frame.ts';
import { decodeOrigin } from '#contract/origin.ts';
import { evictionCodec } from '#contract/ledger-records.ts';
import { deadLetterCodec, framePositionCodec } from '#contract/records.ts';
import { telemetryHeader } from '#contract/telemetry.ts';
import { topics } from '#contract/topics.ts';
import { crc32 } from 'node:zlib';

const sender = { run: 'r1', edge: 'edge-1' };
const epoch = '0123456789abcdef';
const limits = { maxBytes: 1_000_000, maxFrames: 100 };

function telemetry(key: string, bytes = 20): FrameEntry {
  return {
    destination: 'fleet.telemetry',
    key,
    value: Buffer.concat([telemetryHeader, Buffer.alloc(bytes, key)]),
  };
}

function frame(number: number, entries: FrameEntry[] = [telemetry('VIN00001')], of = epoch): Buffer {
  return encodeFrame({ epoch: of, number, createdAt: 1, entries });
}

function gather(frames: Buffer[], committed = new CommittedFrames(), limit = limits): Batch {
  return gatherBatch(frames, committed, { sender, limits: limit, topicPrefix: 'p.' });
}

function messages(batch: Batch, topic: string) {
  return batch.requests
    .flatMap((request) => request.filter((part) => part.topic === topic))
    .flatMap((part) => part.messages);
}

function deadLetters(batch: Batch) {
  return messages(batch, 'p.fleet.deadletter').map(({ value, headers }) => {
    const { source, reason, topic, key, bytes } = deadLetterCodec.decode(value);
    return { source, reason, topic, key, bytes, origin: decodeOrigin(headers['origin']) };
  });
}

test('frames become records of their topics with key, bytes and origin, and one position', () => {
  const stored = frame(2, [telemetry('VIN00002')]);
  markStored(stored);
  const batch = gather([frame(1), stored]);
  const records = messages(batch, 'p.fleet.telemetry');
  assert.deepEqual(
    records.map((record) => [record.key, record.value]),
    [telemetry('VIN00001'), telemetry('VIN00002')].map((entry) => [entry.key, entry.value]),
  );
  assert.deepEqual(
    records.map((record) => String(record.headers['origin'])),
    [`r1/edge-1/${epoch}/1`, `r1/edge-1/${epoch}/2/h`],
  );
  const positions = messages(batch, 'p.fleet.frames');
  assert.equal(positions.length, 1);
  assert.equal(positions[0]?.key, 'r1/edge-1');
  assert.deepEqual({ ...framePositionCodec.decode(positions[0].value) }, { epoch, number: 2, earlier: [] });
});

test('every record of a frame shares one origin buffer', () => {
  const batch = gather([frame(1, [telemetry('VIN00001'), telemetry('VIN00002')])]);
  const [first, second] = messages(batch, 'p.fleet.telemetry');
  assert.equal(first?.headers['origin'], second?.headers['origin']);
});

test('frames that are committed, or come twice, are covered without being written', () => {
  const committed = new CommittedFrames(new Map([[epoch, 2]]));
  const batch = gather([frame(1), frame(2), frame(3), frame(3)], committed);
  assert.deepEqual([batch.frames, batch.written, batch.duplicates], [4, 1, 3]);
  assert.equal(messages(batch, 'p.fleet.telemetry').length, 1);
  assert.deepEqual(gather([frame(1)], committed).requests, []);
});

test('a transaction ends at its limit of frames or bytes, but takes one frame of any size', () => {
  const big = frame(1, [telemetry('VIN00001', 5_000)]);
  assert.equal(gather([big, frame(2)], undefined, { maxBytes: 100, maxFrames: 10 }).frames, 1);
  assert.equal(
    gather([frame(1), frame(2), frame(3)], undefined, { maxBytes: 10_000, maxFrames: 2 }).frames,
    2,
  );
});

test('frames of two epochs may share a transaction: the position tells both', () => {
  const other = 'f'.repeat(16);
  const batch = gather([frame(8), frame(1, undefined, other), frame(2, undefined, other)]);
  assert.equal(batch.written, 3);
  const [position] = messages(batch, 'p.fleet.frames');
  assert.deepEqual(JSON.parse(JSON.stringify(framePositionCodec.decode(position?.value ?? assert.fail()))), {
    epoch: other,
    number: 2,
    earlier: [{ epoch, number: 8 }],
  });
});

test('requests stay below what a broker takes in one batch', () => {
  const entries = Array.from({ length: 40 }, (_, index) => telemetry(`VIN${index}`, 60_000));
  const batch = gather([frame(1, entries)], undefined, { maxBytes: 8_000_000, maxFrames: 10 });
  assert.ok(batch.requests.length > 1);
  for (const request of batch.requests) {
    const bytes = request
      .flatMap((part) => part.messages)
      .reduce((sum, message) => sum + message.value.length, 0);
    assert.ok(bytes <= maxRecordBytes);
  }
  assert.deepEqual(
    messages(batch, 'p.fleet.telemetry').map((message) => message.key),
    entries.map((entry) => entry.key),
  );
});

test('a gap is written and told', () => {
  const batch = gather([frame(1), frame(5)]);
  assert.equal(batch.written, 2);
  assert.deepEqual(batch.gaps, [{ epoch, number: 5 }]);
});

test('bytes that are no frame become a dead letter of the run and the edge, unchanged', () => {
  const damaged = frame(1);
  damaged[damaged.length - 1] = 0xff;
  const batch = gather([Buffer.from('rubbish'), damaged, frame(1)]);
  assert.deepEqual([batch.frames, batch.written], [3, 3]);
  const letters = deadLetters(batch);
  assert.deepEqual(
    letters.map((letter) => [letter.source, letter.reason, letter.topic, letter.bytes, letter.origin?.run]),
    [Buffer.from('rubbish'), damaged].map((bytes) => [
      'bridge',
      'bad-frame',
      'edges/edge-1/uplink',
      bytes,
      'r1',
    ]),
  );
  assert.equal(messages(batch, 'p.fleet.telemetry').length, 1);
});

test('a frame larger than a record can be is kept in parts that join to the same bytes', () => {
  const rubbish = Buffer.alloc(maxRecordBytes * 2 + 17, 'rubbish');
  const batch = gather([rubbish]);
  assert.equal(batch.refused.length, 1);
  assert.deepEqual(Buffer.concat(deadLetters(batch).map((letter) => letter.bytes)), rubbish);
});

test('what an edge says of frames that it dropped goes to the ledger', () => {
  const notice = { destination: 'fleet.ledger', key: 'edge-1', value: eviction() } as const;
  const batch = gather([frame(1, [notice])]);
  assert.deepEqual(
    messages(batch, 'p.fleet.ledger').map(({ key, value }) => [key, value]),
    [['edge-1', notice.value]],
  );
  assert.equal(batch.refused.length, 0);
});

function eviction(): Buffer {
  const frames = { epoch, firstFrame: 1, lastFrame: 2, predictions: 0, unnamed: 0 };
  const ranges = [{ vin: 'VIN00001', session: 1, fromSeq: 1, toSeq: 9 }];
  return evictionCodec.encode({ edge: 'edge-1', at: 1, ...frames, ranges });
}

test('entries that an edge may not write are kept with a reason, the others go on', () => {
  const refused: FrameEntry[] = [
    { destination: 'fleet.telemetry', key: 'VIN00001', value: Buffer.from('not avro') },
    { destination: 'fleet.truth', key: 'VIN00001', value: Buffer.from('truth') },
    { destination: 'fleet.frames', key: 'r1/edge-1', value: Buffer.from('position') },
    { destination: 'fleet.edges', key: 'r1/edge-2', value: Buffer.from('state') },
    { destination: 'fleet.predictions', key: 'VIN00001', value: Buffer.from('prediction') },
    { destination: 'fleet.ledger', key: 'edge-1', value: Buffer.from('marks') },
    { destination: 'fleet.ledger', key: 'edge-2', value: eviction() },
    telemetry('VIN00001', maxRecordBytes),
  ];
  const batch = gather([frame(1, [...refused, telemetry('VIN00009')])], undefined, {
    maxBytes: 1,
    maxFrames: 1,
  });
  assert.deepEqual(
    messages(batch, 'p.fleet.telemetry').map((message) => message.key),
    ['VIN00009'],
  );
  assert.equal(batch.refused.length, refused.length);
  const letters = deadLetters(batch);
  for (const letter of letters) assert.equal(letter.reason, 'bad-entry');
  assert.deepEqual(
    Buffer.concat(letters.map((letter) => letter.bytes)),
    Buffer.concat(refused.map((entry) => entry.value)),
  );
  assert.deepEqual(letters[0]?.origin, { ...sender, epoch, number: 1, stored: false });
  assert.equal(messages(batch, 'p.fleet.frames').length, 1);
});

test('an entry for a topic that is not in the table is kept with its bytes', () => {
  const entry = telemetry('VIN00001');
  const bytes = frame(1, [entry, telemetry('VIN00002')]);
  bytes[37] = topics.length;
  const strange = recrc(bytes);
  const batch = gather([strange]);
  assert.deepEqual(
    deadLetters(batch).map((letter) => [letter.reason, letter.key, letter.bytes]),
    [['bad-entry', 'VIN00001', entry.value]],
  );
  assert.equal(messages(batch, 'p.fleet.telemetry').length, 1);
});

test('a frame whose entries are cut short is kept whole and advances its number', () => {
  const bytes = frame(1);
  bytes.writeUInt32BE(2, 33);
  const short = recrc(bytes);
  const batch = gather([short]);
  assert.deepEqual(
    deadLetters(batch).map((letter) => [letter.reason, letter.bytes, letter.origin?.number]),
    [['bad-frame', short, 1]],
  );
  assert.equal(batch.committed.judge({ epoch, number: 1 }), 'duplicate');
});

/** An edge that is wrong on purpose: the checksum holds, the content does not. */
function recrc(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32(bytes.subarray(9)), 4);
  return bytes;
}
