import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import mqtt, { type IConnectPacket, type Packet } from 'mqtt-packet';
import { encodeConnect, readConnect, type OutgoingConnect } from '#wire/connect-packet.ts';

const some = (text: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> =>
  fc.option(text, { nil: undefined });
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 });
const outgoing: fc.Arbitrary<OutgoingConnect> = fc
  .record({
    clientId: text,
    username: some(text),
    password: some(text),
    keepAliveSeconds: fc.nat(65_535),
    cleanSession: fc.boolean(),
    will: fc.option(
      fc.record({
        topic: text,
        payload: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
        qos: fc.constantFrom(0, 1),
        retain: fc.boolean(),
      }),
      { nil: undefined, freq: 1 },
    ),
  })
  .filter(({ username, password }) => password === undefined || username !== undefined);

/** As mqtt-packet reads it: an implementation of others. undefined: it says no. */
function asOthersRead(bytes: Buffer): IConnectPacket | undefined {
  const parser = mqtt.parser();
  let packet: Packet | undefined;
  let failed = false;
  parser.on('packet', (one) => (packet = one));
  parser.on('error', () => (failed = true));
  parser.parse(bytes);
  return failed ? undefined : (packet as IConnectPacket | undefined);
}

/** What a broker looks at. */
function seen(packet: IConnectPacket | undefined): unknown {
  if (packet === undefined) return undefined;
  const { clientId, username, password, protocolId, protocolVersion, clean, keepalive, will } = packet;
  return {
    ...{ clientId, username, protocolId, protocolVersion, clean, keepalive },
    password: password === undefined ? undefined : Buffer.from(password).toString('hex'),
    will: will && { ...will, payload: Buffer.from(will.payload).toString('hex') },
  };
}

function asWeRead(bytes: Buffer): IConnectPacket | undefined {
  try {
    return readConnect(bytes);
  } catch {
    return undefined;
  }
}

test('a CONNECT is written byte for byte as mqtt-packet writes it', () => {
  fc.assert(
    fc.property(outgoing, (options) => {
      const { clientId, username, password, keepAliveSeconds, cleanSession, will } = options;
      const others = mqtt.generate({
        cmd: 'connect',
        clientId,
        keepalive: keepAliveSeconds,
        clean: cleanSession,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password: Buffer.from(password) }),
        ...(will === undefined ? {} : { will }),
      });
      assert.deepEqual(encodeConnect(options), others);
    }),
    { numRuns: 500 },
  );
});

test('a CONNECT is read as mqtt-packet reads it', () => {
  fc.assert(
    fc.property(outgoing, (options) => {
      const bytes = encodeConnect(options);
      const read = seen(readConnect(bytes));
      assert.notEqual(read, undefined);
      assert.deepEqual(read, seen(asOthersRead(bytes)));
    }),
    { numRuns: 500 },
  );
});

test('strings of up to 20,000 bytes, empty ones and none at all come through', () => {
  for (const length of [0, 1, 99, 100, 127, 128, 16_000, 16_383, 16_384, 20_000]) {
    for (const username of ['', 'WVWZZZ1KZAW000001', undefined]) {
      const password = username === undefined ? undefined : 'p'.repeat(length);
      const who = { clientId: 'run/car', username, password };
      const bytes = encodeConnect({ ...who, keepAliveSeconds: 60, cleanSession: true, will: undefined });
      const read = readConnect(bytes);
      assert.equal(read.clientId, 'run/car');
      assert.equal(read.username, username);
      assert.equal(read.password?.length, password?.length);
    }
  }
});

test('what a byte has spoilt is read as mqtt-packet reads it, or not at all', () => {
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
  fc.assert(
    fc.property(outgoing, fc.array(change, { minLength: 1, maxLength: 3 }), (options, changes) => {
      const bytes = encodeConnect(options);
      // The guard lets no packet pass that is not whole, or not a CONNECT: its header stands.
      const header = bytes[1]! < 128 ? 2 : 3;
      for (const { at, byte } of changes) bytes[header + (at % (bytes.length - header))] = byte;
      assert.deepEqual(seen(asWeRead(bytes)), seen(asOthersRead(bytes)));
    }),
    { numRuns: 3000 },
  );
});
