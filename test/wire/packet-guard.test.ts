import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import mqtt from 'mqtt-packet';
import { PacketFaultError, PacketGuard } from '#wire/packet-guard.ts';

const connect = mqtt.generate({ cmd: 'connect', clientId: 'car', keepalive: 60 });
const ping = mqtt.generate({ cmd: 'pingreq' });
const endless = { publishes: Infinity, bytes: Infinity };

function publish(payloadBytes: number, id = 1): Buffer {
  return mqtt.generate({
    cmd: 'publish',
    topic: 't/car',
    payload: Buffer.alloc(payloadBytes),
    qos: 1,
    messageId: id,
    dup: false,
    retain: false,
  });
}

function acceptedGuard(maxPacketBytes: number): PacketGuard {
  const guard = new PacketGuard(maxPacketBytes);
  guard.admit(connect, endless);
  guard.accept();
  return guard;
}

function faultOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    if (error instanceof PacketFaultError) return error.fault;
    throw error;
  }
  return 'none';
}

test('counts the same packets however the bytes are cut into segments', () => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.constant(20_000)), { maxLength: 8 });
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }), (payloads, cuts) => {
      const bytes = Buffer.concat(payloads.flatMap((size) => [publish(size), ping]));
      const guard = acceptedGuard(64 * 1024);
      for (let at = 0, n = 0; at < bytes.length; n++) {
        const segment = bytes.subarray(at, at + (cuts[n % cuts.length] ?? 1));
        assert.equal(guard.admit(segment, endless), segment.length);
        at += segment.length;
      }
      assert.equal(guard.publishes, payloads.length);
      assert.equal(
        guard.publishBytes,
        payloads.reduce((sum, size) => sum + size + 9, 0),
      );
    }),
  );
});

test('lets exactly as many publishes begin as there is room for, and stops at the edge of a packet', () => {
  fc.assert(
    fc.property(fc.nat(12), fc.nat(12), (count, room) => {
      const packets = Array.from({ length: count }, (_, n) => Buffer.concat([publish(n * 50), ping]));
      const guard = acceptedGuard(64 * 1024);
      const passed = guard.admit(Buffer.concat(packets), { publishes: room, bytes: Infinity });
      const expected = packets.slice(0, room).reduce((sum, packet) => sum + packet.length, 0);
      assert.equal(passed, expected);
      assert.equal(guard.publishes, Math.min(room, count));
    }),
  );
});

test('begins no publish once the bytes are used up, but one that is larger than all of them', () => {
  const guard = acceptedGuard(64 * 1024);
  const first = publish(10_000);
  const passed = guard.admit(Buffer.concat([first, publish(1)]), { publishes: 9, bytes: 500 });
  assert.equal(passed, first.length);
});

test('lets a CONNECT pass and nothing behind it before the client is accepted', () => {
  const guard = new PacketGuard(64 * 1024);
  assert.equal(guard.admit(Buffer.concat([connect, publish(10), ping]), endless), connect.length);
  assert.equal(guard.admit(ping, endless), 0);
  guard.accept();
  assert.equal(guard.admit(ping, endless), ping.length);
});

test('refuses an oversized packet at its length, one byte at a time, and takes one of just the limit', () => {
  const exact = publish(1000);
  assert.equal(acceptedGuard(exact.length).admit(exact, endless), exact.length);
  const guard = acceptedGuard(exact.length - 1);
  assert.equal(guard.admit(exact.subarray(0, 1), endless), 1);
  assert.equal(guard.admit(exact.subarray(1, 2), endless), 1);
  assert.equal(
    faultOf(() => guard.admit(exact.subarray(2, 3), endless)),
    'oversized-packet',
  );
});

test('refuses a CONNECT of more than 16 KiB even where larger packets are allowed', () => {
  const large = mqtt.generate({
    cmd: 'connect',
    clientId: 'car',
    keepalive: 60,
    will: { topic: 't', payload: Buffer.alloc(17_000) },
  });
  assert.equal(
    faultOf(() => new PacketGuard(8 * 1024 * 1024).admit(large.subarray(0, 5), endless)),
    'oversized-packet',
  );
});

test('names what is wrong with bytes that no client of QoS 0 and 1 may send', () => {
  const cases: [bytes: number[], fault: string][] = [
    [[0x34, 2], 'qos-2'],
    [[0x62, 2, 0, 1], 'qos-2'],
    [[0x50, 2, 0, 1], 'qos-2'],
    [[0x36, 2], 'malformed-packet'],
    [[0x00, 0], 'malformed-packet'],
    [[0xf0, 0], 'malformed-packet'],
    [[0x20, 2, 0, 0], 'malformed-packet'],
    [[0x10, 2], 'malformed-packet'],
    [[0x30, 0x80, 0x80, 0x80, 0x80, 1], 'malformed-packet'],
  ];
  for (const [bytes, fault] of cases) {
    const guard = acceptedGuard(1024);
    assert.equal(
      faultOf(() => guard.admit(Buffer.from(bytes), endless)),
      fault,
      Buffer.from(bytes).toString('hex'),
    );
  }
  assert.equal(
    faultOf(() => new PacketGuard(1024).admit(ping, endless)),
    'malformed-packet',
  );
});
