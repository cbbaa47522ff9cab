import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { edgeSecret, frame, stored, testBridge, TestEdge, textsOf } from './rig.ts';

/** What happens to frames when the bridge or Kafka stops, dies or comes back, in the middle of commits. */

const timeout = 120_000;
const epoch = 'aaaaaaaaaaaaaaaa';

let kafka: TestKafka;
before(
  async () => {
    kafka = await testKafka();
  },
  { timeout },
);
after(async () => kafka.stop());

const numbersTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** Frames from `from` to `to`, a few at a time, so that the fault finds some in flight. */
async function stream(edge: TestEdge, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    await edge.send(frame(epoch, number), String(number));
    await delay(2);
  }
}

async function assertEachOnce(run: string, last: number): Promise<void> {
  const texts = (await stored(kafka.brokers, run)).map((record) => record.text);
  assert.equal(texts.length, last * 3);
  assert.deepEqual(texts.sort(), textsOf(epoch, numbersTo(last)).sort());
}

/** A bridge in a process of its own, on the same port however often it is started. */
class BridgeProcess {
  readonly port: number;
  readonly #run: string;
  #child: ChildProcess | undefined;

  constructor(run: string, port: number) {
    this.#run = run;
    this.port = port;
  }

  async start(): Promise<void> {
    const flags = {
      run: this.#run,
      'listen-port': String(this.port),
      'edge-secret': edgeSecret,
      'kafka-brokers': kafka.brokers.join(','),
      'health-port': String(await pickPort()),
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    const script = fileURLToPath(new URL('bridge-process.ts', import.meta.url));
    this.#child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(this.#child, 'message');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** @returns the exit code; null after a signal that it did not handle */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }
}

test('while Kafka stands still nothing is acknowledged, and all of it after', { timeout }, async () => {
  const run = 'paused';
  const bridge = await testBridge(kafka.brokers, run);
  const edge = new TestEdge(bridge.port, 'edge-1');
  try {
    await edge.send(frame(epoch, 1));
    await until(() => edge.acked.length === 1, 'acknowledged');
    process.kill(kafka.local.pid, 'SIGSTOP');
    try {
      for (let number = 2; number <= 20; number++) await edge.send(frame(epoch, number));
      await delay(1_500);
      assert.equal(edge.acked.length, 1);
      assert.ok((await bridge.metric('fleetbed_bridge_pending_bytes')) > 0);
    } finally {
      process.kill(kafka.local.pid, 'SIGCONT');
    }
    await until(() => edge.acked.length === 20, 'acknowledged');
    await assertEachOnce(run, 20);
  } finally {
    edge.close();
    await bridge.drain();
  }
});

test('a transaction that Kafka gave up is written again, once', { timeout }, async () => {
  const run = 'timed-out';
  const bridge = await testBridge(kafka.brokers, run, { transaction: { timeout: 1_000 } });
  const edge = new TestEdge(bridge.port, 'edge-1');
  try {
    const streaming = stream(edge, 1, 300);
    await until(() => edge.acked.length > 30, 'some are acknowledged');
    process.kill(kafka.local.pid, 'SIGSTOP');
    await delay(4_000);
    process.kill(kafka.local.pid, 'SIGCONT');
    await streaming;
    await until(() => edge.acked.length === 300, 'acknowledged');
    await assertEachOnce(run, 300);
  } finally {
    edge.close();
    await bridge.drain();
  }
});

test(
  'a bridge that is killed in the middle of commits, again and again: each frame once',
  { timeout },
  async () => {
    const run = 'killed';
    const bridge = new BridgeProcess(run, await pickPort());
    await bridge.start();
    const edges = ['edge-1', 'edge-2'].map((name) => new TestEdge(bridge.port, name, { run }));
    try {
      const last = 600;
      const streaming = Promise.all(edges.map(async (edge) => stream(edge, 1, last)));
      for (const share of [0.1, 0.3, 0.5]) {
        await until(() => edges.every((edge) => edge.acked.length > last * share), 'a share is acknowledged');
        await bridge.end('SIGKILL');
        await bridge.start();
      }
      await streaming;
      await until(() => edges.every((edge) => edge.acked.length === last), 'all are acknowledged');
      const records = await stored(kafka.brokers, run);
      for (const { name } of edges) {
        const texts = records.filter((record) => record.origin?.edge === name).map((record) => record.text);
        assert.equal(texts.length, last * 3);
        assert.deepEqual(new Set(texts), new Set(textsOf(epoch, numbersTo(last))));
      }
      // In order of each key, however often it began again.
      for (const { name } of edges) {
        for (const key of ['VIN00000', 'VIN00001', 'VIN00002']) {
          const numbers = records
            .filter((record) => record.origin?.edge === name && record.key === key)
            .map((record) => record.origin?.number);
          assert.deepEqual(numbers, numbersTo(last));
        }
      }
      assert.equal(await bridge.end('SIGTERM'), 0);
    } finally {
      for (const edge of edges) edge.close();
      await bridge.end('SIGKILL');
    }
  },
);

test('a bridge that wakes up behind its successor commits nothing', { timeout }, async () => {
  const run = 'woken';
  const asleep = new BridgeProcess(run, await pickPort());
  await asleep.start();
  const successor = await testBridge(kafka.brokers, run);
  const first = new TestEdge(asleep.port, 'edge-1');
  let moved: TestEdge | undefined;
  try {
    await stream(first, 1, 50);
    await until(() => first.acked.length === 50, 'acknowledged');
    asleep.signal('SIGSTOP');
    await stream(first, 51, 80);
    assert.equal(first.acked.length, 50);
    moved = new TestEdge(successor.port, 'edge-1');
    await stream(moved, 51, 70);
    await until(() => moved?.acked.length === 20, 'acknowledged');
    asleep.signal('SIGCONT');
    await until(() => first.closes.length > 0, 'given up');
    first.close();
    assert.equal(first.acked.length, 50);
    await stream(moved, 71, 90);
    await until(() => moved?.acked.length === 40, 'acknowledged');
    await assertEachOnce(run, 90);
    assert.equal(await successor.metric('fleetbed_bridge_fenced_total'), 0);
  } finally {
    first.close();
    moved?.close();
    await asleep.end('SIGKILL');
    await successor.drain();
  }
});

test(
  'Kafka killed and started again in the middle: holds, says so, recovers; each frame once',
  { timeout },
  async () => {
    const run = 'kafka-killed';
    const bridge = await testBridge(kafka.brokers, run);
    const edge = new TestEdge(bridge.port, 'edge-1');
    try {
      const streaming = stream(edge, 1, 500);
      await until(() => edge.acked.length > 100, 'some are acknowledged');
      kafka.local.kill();
      await until(() => !bridge.readiness.ready, 'not ready');
      assert.match(bridge.readiness.reason ?? '', /Kafka/);
      const acked = edge.acked.length;
      await delay(500);
      assert.equal(edge.acked.length, acked);
      await kafka.local.start();
      await streaming;
      await until(() => edge.acked.length === 500, 'acknowledged');
      await until(() => bridge.readiness.ready, 'ready');
      await assertEachOnce(run, 500);
      assert.equal(edge.closes.length, 0);
    } finally {
      edge.close();
      await bridge.drain();
    }
  },
);
