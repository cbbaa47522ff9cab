import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import mqtt from 'mqtt-packet';
import { until } from '#test/until.ts';
import type { MqttClient } from '#wire/mqtt-client.ts';
import { acknowledged } from '#test/wire/mqtt-packets.ts';
import { connectAccepted, startBroker, startClient } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };
const maxHeld = 20;
const payloadBytes = 100;
const ping = mqtt.generate({ cmd: 'pingreq' });

function publishPacket(id: number, bytes = payloadBytes, qos: 0 | 1 = 1): Buffer {
  const packet = { cmd: 'publish', topic: 't/car', qos, dup: false, retain: false, messageId: id } as const;
  return mqtt.generate({ ...packet, payload: Buffer.alloc(bytes) });
}

/** One PUBLISH a segment, for as long as the other side reads. @returns how many went out before it stopped */
async function flood(socket: Socket, count: number, qos: 0 | 1 = 1): Promise<number> {
  let sent = 0;
  while (sent < count) {
    const written = new Promise<boolean>((resolve) => {
      socket.write(publishPacket((sent % 60_000) + 1, payloadBytes, qos), () => resolve(true));
    });
    const stuck = new Promise<boolean>((resolve) => setTimeout(resolve, 500, false));
    const goesOn = await Promise.race([written, stuck]);
    sent++;
    if (!goesOn) break;
  }
  return sent;
}

/** Gives the broker every chance to read more than it should. */
async function settleDown(count: () => number): Promise<void> {
  let before = -1;
  while (before !== count()) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

for (const qos of [0, 1] as const) {
  test(
    `a flood of one QoS ${qos} PUBLISH a segment stops at the limit, and flows on after release`,
    timeout,
    async (t) => {
      const under = await startBroker(t, { settleAtOnce: false, maxHeldPerConnection: maxHeld });
      const { socket, answer } = await connectAccepted(t, under.broker.port);
      const count = 10_000;
      const flooding = flood(socket, count, qos);
      await until(() => under.received.length >= maxHeld);
      await settleDown(() => under.received.length);
      assert.equal(under.received.length, maxHeld);
      assert.equal(await under.metric('test_held_messages'), maxHeld);
      assert.equal(
        await under.metric('test_held_bytes'),
        maxHeld * (payloadBytes + 2 + 5 + (qos > 0 ? 2 : 0)),
      );
      const sent = await flooding;
      for (let settled = 0; settled < sent;) {
        await until(() => under.received.length > settled);
        assert.ok(under.received.length - settled <= maxHeld);
        under.received[settled++]?.settle();
      }
      assert.equal(under.received.length, sent);
      if (qos === 1) await until(() => acknowledged(answer()).length === sent);
      assert.equal(await under.metric('test_held_messages'), 0);
      assert.equal(await under.metric('test_held_bytes'), 0);
    },
  );
}

test('what a connection held is no longer counted once it has closed, nor when it is settled after that', async (t) => {
  const under = await startBroker(t, { settleAtOnce: false, maxHeldPerConnection: maxHeld });
  const { socket } = await connectAccepted(t, under.broker.port);
  for (let id = 1; id <= 3; id++) socket.write(publishPacket(id));
  await until(() => under.received.length === 3);
  assert.equal(await under.metric('test_held_messages'), 3);
  under.received[0]?.settle();
  socket.destroy();
  await until(() => under.broker.connections === 0);
  for (const { settle } of under.received) settle();
  assert.equal(await under.metric('test_held_messages'), 0);
  assert.equal(await under.metric('test_held_bytes'), 0);
});

test(
  'what waits for room waits in the socket: the sender cannot make the broker grow',
  timeout,
  async (t) => {
    const under = await startBroker(t, { settleAtOnce: false, maxHeldPerConnection: maxHeld });
    const { socket } = await connectAccepted(t, under.broker.port);
    const packets = Buffer.concat(Array.from({ length: 1000 }, (_, n) => publishPacket(n + 1)));
    let writtenBytes = 0;
    const write = (): void => {
      socket.write(packets, () => {
        writtenBytes += packets.length;
        if (writtenBytes < 200 * 1024 * 1024) write();
      });
    };
    write();
    let before = -1;
    while (before !== writtenBytes) {
      before = writtenBytes;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    assert.equal(under.received.length, maxHeld);
    // The kernel's buffers of both sides, the stream's own and one read; without the limit it is all of the 200 MiB.
    assert.ok(writtenBytes < 24 * 1024 * 1024, `${writtenBytes} bytes were taken in`);
  },
);

test('no further message is begun once the held bytes reach their limit', timeout, async (t) => {
  const under = await startBroker(t, { settleAtOnce: false, maxHeldBytesPerConnection: 25_000 });
  const { socket } = await connectAccepted(t, under.broker.port);
  socket.write(Buffer.concat([1, 2, 3, 4, 5, 6].map((id) => publishPacket(id, 10_000))));
  await until(() => under.received.length === 3);
  await settleDown(() => under.received.length);
  assert.equal(under.received.length, 3);
  under.received[0]?.settle();
  await until(() => under.received.length === 4);
  await settleDown(() => under.received.length);
  assert.equal(under.received.length, 4);
});

test(
  'below the limit a client is read on: its PINGREQ is answered while messages are held',
  timeout,
  async (t) => {
    const under = await startBroker(t, { settleAtOnce: false, maxHeldPerConnection: maxHeld });
    const { socket, answer } = await connectAccepted(t, under.broker.port);
    // Several in one segment: aedes by itself would not read again before they are settled.
    socket.write(Buffer.concat(Array.from({ length: maxHeld - 1 }, (_, n) => publishPacket(n + 1))));
    await until(() => under.received.length === maxHeld - 1);
    socket.write(ping);
    await until(() => answer().length === 6);
    assert.equal(answer().toString('hex', 4), 'd000');
  },
);

test(
  'a client that is not read from is not dropped for its keep-alive, and its pings are answered',
  timeout,
  async (t) => {
    const under = await startBroker(t, { settleAtOnce: false, maxHeldPerConnection: maxHeld });
    const { socket, answer, closed } = await connectAccepted(t, under.broker.port, { keepalive: 1 });
    await flood(socket, maxHeld + 5);
    const pings = setInterval(() => socket.write(ping), 400);
    t.after(() => clearInterval(pings));
    await new Promise((resolve) => setTimeout(resolve, 4000));
    assert.equal(closed(), false);
    assert.match(answer().toString('hex', 4), /^(d000){2,}$/);
    assert.equal(under.received.length, maxHeld);
    for (let settled = 0; settled < maxHeld + 5;) {
      await until(() => under.received.length > settled);
      under.received[settled++]?.settle();
    }
    await until(() => acknowledged(answer()).length === maxHeld + 5);
    clearInterval(pings);
    await until(closed);
    assert.equal(await under.dropped('keep-alive-timeout'), 1);
  },
);

const tcpTable = '/proc/net/tcp';
const skip = existsSync(tcpTable) ? false : 'this system has no /proc';

test(
  'of a client that may be silent for ever TCP asks whether it is there',
  { ...timeout, skip },
  async (t) => {
    const under = await startBroker(t);
    for (const keepalive of [0, 60]) {
      const clientId = `car-${keepalive}`;
      const { socket } = await connectAccepted(t, under.broker.port, { clientId, keepalive });
      // Nothing else is under way, so the broker's end of it has that timer or none.
      let timer: string | undefined;
      await until(async () => {
        timer = await tcpTimer(under.broker.port, socket.localPort ?? 0);
        return timer !== 'resends';
      });
      assert.equal(timer, keepalive === 0 ? 'keep-alive' : 'none');
    }
  },
);

/** The kernel's timer of the connection whose near end is `local` (proc_net_tcp, "tr"). */
async function tcpTimer(local: number, remote: number): Promise<string | undefined> {
  const ends = [local, remote].map((port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  for (const line of (await readFile(tcpTable, 'utf8')).split('\n')) {
    const [, near, far, , , timer = ''] = line.trim().split(/\s+/);
    if (near === ends[0] && far === ends[1])
      return ['none', 'resends', 'keep-alive'][Number(timer.slice(0, 2))];
  }
  return undefined;
}

test('a client that sends messages and no ping is not dropped for its keep-alive', timeout, async (t) => {
  const under = await startBroker(t);
  const { socket, closed } = await connectAccepted(t, under.broker.port, { keepalive: 1 });
  for (let id = 1; id <= 8; id++) {
    socket.write(publishPacket(id));
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  assert.deepEqual([closed(), under.received.length], [false, 8]);
});

test('our client keeps its connection while it is not read from', timeout, async (t) => {
  const under = await startBroker(t, { settleAtOnce: false, maxHeldPerConnection: 2 });
  const { client, seen } = startClient(t, under.broker.port, { keepAliveSeconds: 1 });
  await until(() => client.connected);
  for (let tag = 1; tag <= 10; tag++) client.publish('t/car', Buffer.alloc(10), 1, tag);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  assert.deepEqual([seen.closes, under.received.length], [[], 2]);
  for (let settled = 0; settled < 10;) {
    await until(() => under.received.length > settled);
    under.received[settled++]?.settle();
  }
  await until(() => seen.acks.length === 10);
  assert.equal(seen.connects, 1);
});

test('a client that never reads its answers is not read from either', timeout, async (t) => {
  const under = await startBroker(t);
  await under.broker.publish('s/car', Buffer.alloc(60_000), { qos: 0, retain: true });
  const { socket } = await connectAccepted(t, under.broker.port);
  socket.pause();
  const subscribe = mqtt.generate({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: 's/car', qos: 0 }],
  });
  const count = 3000;
  for (let n = 0; n < count; n++) {
    socket.write(subscribe);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await settleDown(() => under.subscriptions());
  assert.ok(
    under.subscriptions() < count / 2,
    `${under.subscriptions()} of ${count} subscriptions were taken`,
  );
});

test(
  'our client and the broker keep order and lose nothing while settles come late and by chance',
  timeout,
  async (t) => {
    const under = await startBroker(t, { settleAtOnce: false, maxHeldPerConnection: 4 });
    const count = 2000;
    let next = 1;
    const publishMore = (client: MqttClient): void => {
      while (next <= count && client.publish('t/car', Buffer.from(String(next)), 1, next)) next++;
    };
    const { seen } = startClient(
      t,
      under.broker.port,
      { inFlightLimit: 32 },
      { onWritable: publishMore, onConnect: publishMore },
    );
    let settled = 0;
    while (settled < count) {
      await until(() => under.received.length > settled);
      const waiting = under.received.slice(settled);
      settled += waiting.length;
      for (const { settle } of waiting.sort(() => Math.random() - 0.5)) settle();
    }
    await until(() => seen.acks.length === count);
    const inOrder = Array.from({ length: count }, (_, n) => n + 1);
    assert.deepEqual(seen.acks, inOrder);
    assert.deepEqual(
      under.received.map(({ message }) => Number(message.payload.toString())),
      inOrder,
    );
  },
);
