import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import mqtt from 'mqtt-packet';
import { until } from '#test/until.ts';
import { connectAccepted, startBroker, type BrokerUnderTest } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };

async function connect(t: TestContext, under: BrokerUnderTest, clientId: string) {
  const raw = await connectAccepted(t, under.broker.port, { clientId });
  return { ...raw, answers: () => raw.answer().toString('hex', 4) };
}

const subscribe = (id: number, topic: string): Buffer =>
  mqtt.generate({ cmd: 'subscribe', messageId: id, subscriptions: [{ topic, qos: 0 }] });
const unsubscribe = (id: number, topic: string): Buffer =>
  mqtt.generate({ cmd: 'unsubscribe', messageId: id, unsubscriptions: [topic] });

test('clients that ask in turns, in pieces and many times at once are each answered', timeout, async (t) => {
  const under = await startBroker(t);
  const names = ['one', 'two', 'three'];
  const clients = await Promise.all(names.map((name) => connect(t, under, name)));
  const asked = names.map((name) =>
    Buffer.concat([
      subscribe(1, `s/${name}/a`),
      subscribe(2, `s/${name}/b`),
      unsubscribe(3, `s/${name}/a`),
      subscribe(4, `s/${name}/c`),
    ]),
  );
  for (let at = 0; at < asked[0]!.length + 10; at += 5) {
    for (const [n, { socket }] of clients.entries()) socket.write(asked[n]!.subarray(at, at + 5));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const answered = '90030001009003000200b00200039003000400';
  for (const { answers } of clients) await until(() => answers() === answered);
  // aedes takes what comes at once side by side: in any order.
  const [first] = clients;
  first!.socket.write(asked[0]!);
  await until(() => first!.answers().length === 2 * answered.length);
  const again = first!
    .answers()
    .slice(answered.length)
    .match(/90030.{5}|b0020.{3}/g);
  assert.deepEqual(again?.sort(), ['9003000100', '9003000200', '9003000400', 'b0020003']);
});

test('what one client spoils ends its own connection and no other', timeout, async (t) => {
  const under = await startBroker(t);
  const spoiling = await connect(t, under, 'spoiling');
  const other = await connect(t, under, 'other');
  // A SUBSCRIBE without a filter, and half of the next one.
  spoiling.socket.write(
    Buffer.concat([Buffer.from([0x82, 2, 0, 1]), subscribe(2, 's/spoiling').subarray(0, 6)]),
  );
  await until(spoiling.closed);
  assert.equal(await under.refused('malformed-packet'), 1);
  other.socket.write(subscribe(1, 's/other'));
  await until(() => other.answers() === '9003000100');
  await under.broker.publish('s/other', Buffer.from('x'), { qos: 0, retain: false });
  await until(() => other.answers().endsWith('0007' + Buffer.from('s/otherx').toString('hex')));
});

test('one that asks for more at once than waits for aedes is answered in the end', timeout, async (t) => {
  const under = await startBroker(t);
  const { socket, answers } = await connect(t, under, 'busy');
  const count = 20_000;
  const ids = Array.from({ length: count }, (_, n) => n + 1);
  socket.write(Buffer.concat(ids.map((id) => subscribe(id, 's/busy'))));
  await until(() => answers().length === count * 10);
  assert.equal(under.subscriptions(), count);
});

test('a client that is let in keeps nothing of the 8 KiB in which its CONNECT came', timeout, async (t) => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  const arrayBytes = (): number => {
    for (let n = 0; n < 3; n++) collect();
    return process.memoryUsage().arrayBuffers;
  };
  const under = await startBroker(t);
  const { socket } = await connect(t, under, 'busy');
  const fill = mqtt.generate({
    cmd: 'publish',
    topic: 't/busy',
    payload: Buffer.alloc(3000),
    qos: 0,
    dup: false,
    retain: false,
  });
  const before = arrayBytes();
  const count = 90;
  for (let n = 0; n < count; n++) {
    await connect(t, under, `car-${n}`);
    // So that each comes in another.
    for (let m = 0; m < 3; m++) {
      socket.write(fill);
      await until(() => under.received.length === m + 1);
    }
    under.received.length = 0;
  }
  const each = (arrayBytes() - before) / count;
  assert.ok(each < 2000, `${each} bytes a client`);
});
