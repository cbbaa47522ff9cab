import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { edgeTopics } from '#contract/mqtt-topics.ts';
import { password } from '#contract/identity.ts';
import { parseMetrics } from '#runtime/metrics.ts';
import { startHiveMq } from '#test/hivemq/hivemq.ts';
import { startMosquitto } from '#test/mosquitto.ts';
import type { TestBroker } from '#test/mqtt-broker.ts';
import { skipWithout } from '#test/skip-without.ts';
import { until } from '#test/until.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { edgeSecret, frame, stored, testBridge, TestEdge, textsOf, type TestBridge } from '../rig.ts';

/** What tests of a bridge at a broker of the user's own are made of. */

export const epoch = 'aaaaaaaaaaaaaaaa';
export const bridgeAccount = { username: 'bridge', password: 'a password of bridges' };
export const edgeNames = ['edge-1', 'edge-2'];
/** Accounts of edges at the brokers: each test has its own, for a broker keeps what was retained. */
const accounts = [...edgeNames, 'edge-3', 'edge-4', 'edge-5', 'edge-6'];

/** mosquitto and HiveMQ CE as docs/external-broker configures them. */
export const brokers: {
  name: string;
  /** Of its runs: what one broker's tests put into Kafka is nothing to the other's. */
  id: string;
  skip: string | false;
  /** More than one frame is on its way to a bridge, whatever was acknowledged. */
  sendsAhead: boolean;
  /** @param maxQueued frames that it keeps for a session; more than any test sends unless set */
  start: (maxQueued?: number) => Promise<TestBroker>;
}[] = [
  {
    name: 'mosquitto',
    id: 'mosquitto',
    sendsAhead: true,
    skip: skipWithout('mosquitto'),
    start: async (maxQueued) =>
      startMosquitto(
        {
          edges: Object.fromEntries(accounts.map((name) => [name, password(edgeSecret, name)])),
          bridges: { [bridgeAccount.username]: bridgeAccount.password },
        },
        maxQueued === undefined ? {} : { maxQueued },
      ),
  },
  {
    name: 'HiveMQ CE',
    id: 'hivemq',
    sendsAhead: false,
    skip: skipWithout('javac') || skipWithout('mvn'),
    start: async (maxQueued) =>
      startHiveMq([bridgeAccount.password, ...accounts.map((name) => password(edgeSecret, name))], maxQueued),
  },
];

/** An edge that sends nothing before a bridge has subscribed. */
export function edgeAt(broker: TestBroker, name = 'edge-1', window?: number): TestEdge {
  const awaits = edgeTopics.subscribed(name);
  return new TestEdge(broker.edgePort, name, { awaits, ...(window !== undefined && { window }) });
}

export interface Duty {
  owns?: string[];
  standsBy?: string[];
}

/** A bridge in this process. */
export async function bridgeAt(
  broker: TestBroker,
  kafka: string[],
  run: string,
  duty: Duty & { over?: Record<string, unknown> },
): Promise<TestBridge> {
  const { over, ...edges } = duty;
  const mqtt = { broker: `127.0.0.1:${broker.bridgePort}`, ...bridgeAccount, ...edges };
  return testBridge(kafka, run, { listen: undefined, edgeSecret: undefined, mqtt, ...over });
}

/** A bridge in a process of its own, to be killed. */
export class BridgeProcess {
  readonly #flags: Record<string, string>;
  #healthPort = 0;
  #child: ChildProcess | undefined;

  constructor(broker: TestBroker, kafka: string[], run: string, { owns = [], standsBy = [] }: Duty) {
    this.#flags = {
      run,
      'mqtt-broker': `127.0.0.1:${broker.bridgePort}`,
      'mqtt-username': bridgeAccount.username,
      'mqtt-password': bridgeAccount.password,
      // Given up after 1.5 s of silence.
      'mqtt-keep-alive': '1s',
      ...(owns.length > 0 && { 'mqtt-owns': owns.join(',') }),
      ...(standsBy.length > 0 && { 'mqtt-stands-by': standsBy.join(',') }),
      'kafka-brokers': kafka.join(','),
      'log-level': process.env['TEST_LOG'] ?? 'error',
    };
  }

  async start(): Promise<void> {
    this.#healthPort = await pickPort();
    const flags = { ...this.#flags, 'health-port': String(this.#healthPort) };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    const script = fileURLToPath(new URL('../bridge-process.ts', import.meta.url));
    this.#child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', process.env['TEST_LOG'] ? 'inherit' : 'ignore', 'inherit', 'ipc'],
    });
    await once(this.#child, 'message');
  }

  async metric(name: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#healthPort}/metrics`);
    return parseMetrics(await answer.text()).value(name) ?? 0;
  }

  async serves(edges: number): Promise<boolean> {
    return (await this.metric('fleetbed_bridge_edges')) === edges;
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
    if (signal !== 'SIGKILL') child.kill('SIGCONT');
    const [code] = (await exited) as [number | null];
    return code;
  }
}

/** Frames from `from` to `to`, a few at a time, so that a fault finds some in flight. */
export async function stream(edge: TestEdge, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    await edge.send(frame(epoch, number), String(number));
    await delay(2);
  }
}

export const numbersTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/**
 * What an edge saw acknowledged is Kafka's only a moment later: a broker stands between the two. Fails when nothing comes any
 * more: where a broker sends one frame at a time, a thousand take a while.
 */
export async function untilStored(kafka: string[], run: string, records: number): Promise<void> {
  const more = async (before: number): Promise<number> => {
    let found = before;
    await until(async () => {
      found = (await stored(kafka, run)).length;
      if (found < records) await delay(200);
      return found > before;
    }, `${records} records in Kafka, where ${before} are`);
    return found;
  };
  let count = await more(0);
  while (count < records) count = await more(count);
}

/** All frames up to `last` of each edge, each once, and in order of each key. */
export async function assertEachOnceInOrder(
  kafka: string[],
  run: string,
  edges: string[],
  last: number,
): Promise<void> {
  const records = await stored(kafka, run);
  for (const edge of edges) {
    const own = records.filter((record) => record.origin?.edge === edge);
    assert.deepEqual(own.map((record) => record.text).sort(), textsOf(epoch, numbersTo(last)).sort());
    for (const key of ['VIN00000', 'VIN00001', 'VIN00002']) {
      const numbers = own.filter((record) => record.key === key).map((record) => record.origin?.number);
      assert.deepEqual(numbers, numbersTo(last));
    }
  }
}
