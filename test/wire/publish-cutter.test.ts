import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import mqtt from 'mqtt-packet';
import { PublishCutter, type CutPublish } from '#wire/publish-cutter.ts';

type Said = Omit<CutPublish, 'bytes'>;

const publishes = fc.record({
  topic: fc.constantFrom('t', 'u', 'vehicles/WVW1/telemetry', 'vehicles/WVW2/telemetry', 'ä/ö'),
  payload: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(20_000).fill(0x30))),
  qos: fc.constantFrom(0 as const, 1 as const),
  dup: fc.boolean(),
  retain: fc.boolean(),
  id: fc.integer({ min: 1, max: 65_535 }),
});
const ping = mqtt.generate({ cmd: 'pingreq' });
const others = fc.constantFrom(
  ping,
  mqtt.generate({ cmd: 'unsubscribe', messageId: 8, unsubscriptions: ['s'] }),
  mqtt.generate({ cmd: 'puback', messageId: 9 }),
  mqtt.generate({ cmd: 'subscribe', messageId: 7, subscriptions: [{ topic: 's'.repeat(200), qos: 1 }] }),
);

function encode({ id, ...publish }: Said): Buffer {
  const packet = { cmd: 'publish', ...publish, payload: Buffer.from(publish.payload) } as const;
  return mqtt.generate({ ...packet, dup: publish.qos === 1 && publish.dup, messageId: id });
}

/** Offers the stream in pieces. */
function cutInPieces(stream: Buffer, pieces: readonly number[]) {
  const cutter = new PublishCutter();
  const taken: Said[] = [];
  const left: Buffer[] = [];
  let pings = 0;
  const taker = {
    takePublish({ bytes: _bytes, ...publish }: CutPublish): boolean {
      taken.push(publish);
      return true;
    },
    takePing: () => pings++,
    takeDisconnect: () => assert.fail('nobody says goodbye'),
  };
  for (let at = 0, n = 0; at < stream.length; n++) {
    const end = at + (pieces[n % pieces.length] ?? 1);
    const rest = cutter.cut(stream.subarray(at, end), taker);
    if (rest) left.push(rest);
    at = end;
  }
  return { taken, pings, left: Buffer.concat(left) };
}

test('takes every PUBLISH and PINGREQ, and leaves every other packet, wherever the stream is cut', () => {
  const packets = fc.array(fc.oneof(publishes, others), { maxLength: 12 });
  const pieces = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(packets, pieces, (sent, sizes) => {
      const stream = Buffer.concat(sent.map((one) => (Buffer.isBuffer(one) ? one : encode(one as Said))));
      const { taken, pings, left } = cutInPieces(stream, sizes);
      const expected = sent.filter((one) => !Buffer.isBuffer(one)) as Said[];
      assert.deepEqual(
        taken,
        expected.map((one) => ({
          ...one,
          payload: Buffer.from(one.payload),
          dup: one.qos === 1 && one.dup,
          id: one.qos === 1 ? one.id : 0,
        })),
      );
      assert.equal(pings, sent.filter((one) => one === ping).length);
      assert.deepEqual(
        left,
        Buffer.concat(sent.filter((one) => Buffer.isBuffer(one)).filter((one) => one !== ping)),
      );
    }),
    { numRuns: 300 },
  );
});

const said = { topic: 't', payload: Buffer.from('x'), qos: 1, dup: false, retain: false, id: 1 } as const;
const good = encode(said);

for (const [what, bytes] of Object.entries({
  'no topic': Buffer.from([0x30, 2, 0, 0]),
  'a wildcard in its topic': Buffer.from([0x30, 4, 0, 1, 0x23, 0]),
  'a topic of 101 levels': Buffer.concat([Buffer.from([0x30, 102, 0, 100]), Buffer.alloc(100, '/')]),
  'a topic longer than the packet': Buffer.from([0x30, 3, 0, 9, 0x74]),
  'no room for a packet id': Buffer.from([0x32, 3, 0, 1, 0x74]),
  'packet id 0': Buffer.from([0x32, 5, 0, 1, 0x74, 0, 0]),
})) {
  test(`leaves a PUBLISH with ${what} to the broker, and all that follows it`, () => {
    const { taken, left } = cutInPieces(Buffer.concat([good, bytes, good]), [1000]);
    assert.equal(taken.length, 1);
    assert.deepEqual(left, Buffer.concat([bytes, good]));
  });
}

test('a byte is not taken for the letter that has its number', () => {
  const latin = Buffer.from([0x30, 4, 0, 1, 0xe4, 0x78]);
  const known = encode({ ...said, topic: 'ä' });
  const { taken } = cutInPieces(Buffer.concat([known, latin]), [1000]);
  assert.deepEqual(
    taken.map(({ topic }) => topic),
    ['ä', '\ufffd'],
  );
});

test('stops when the rest is not wanted any more', () => {
  let taken = 0;
  const stream = Buffer.concat([good, good, mqtt.generate({ cmd: 'pingreq' })]);
  const taker = {
    takePublish(): boolean {
      taken++;
      return false;
    },
    takePing: () => assert.fail('behind what ended it'),
    takeDisconnect: () => assert.fail('behind what ended it'),
  };
  const rest = new PublishCutter().cut(stream, taker);
  assert.deepEqual([taken, rest], [1, null]);
});

test('takes a DISCONNECT, and nothing behind it', () => {
  const heard: string[] = [];
  const goodbye = mqtt.generate({ cmd: 'disconnect' });
  const taker = {
    takePublish: ({ topic }: CutPublish) => heard.push(topic) > 0,
    takePing: () => heard.push('ping'),
    takeDisconnect: () => heard.push('goodbye'),
  };
  const rest = new PublishCutter().cut(Buffer.concat([good, goodbye, good, ping]), taker);
  assert.deepEqual([heard, rest], [['t', 'goodbye'], null]);
});
