import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { startBridge } from '#bridge/component.ts';
import { bridgeConfig } from '#bridge/config.ts';
import { encodeFrame, type FrameEntry } from '#contract/frame.ts';
import { clientId, password } from '#contract/identity.ts';
import { edgeTopics } from '#contract/mqtt-topics.ts';
import { decodeOrigin, type Origin } from '#contract/origin.ts';
import { telemetryHeader } from '#contract/telemetry.ts';
import { topicName, type TopicName } from '#contract/topics.ts';
import { Metrics, parseMetrics } from '#runtime/metrics.ts';
import { readToEnd, type ReadRecord } from '#wire/kafka-reader.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';
import { MqttClient, type CloseReason, type MqttWill } from '#wire/mqtt-client.ts';

export const edgeSecret = 'a secret of edges';
export const quiet = pino({ level: process.env['TEST_LOG'] ?? 'silent' });

/** A bridge in this process, with everything that its process would give it. */
export interface TestBridge {
  port: number;
  /** As /readyz would say it. */
  readiness: { ready: boolean; reason: string | undefined };
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  drain(): Promise<void>;
}

export async function testBridge(
  brokers: string[],
  run: string,
  over: Record<string, unknown> = {},
): Promise<TestBridge> {
  const metrics = new Metrics({ component: 'bridge', name: 'bridge' });
  const readiness: TestBridge['readiness'] = { ready: false, reason: undefined };
  const config = bridgeConfig.parse({
    run,
    edgeSecret,
    listen: { port: 0 },
    transaction: {},
    downlink: {},
    health: {},
    log: {},
    kafka: { brokers },
    ...over,
  });
  const bridge = await startBridge(config, {
    log: quiet,
    metrics,
    setReady(ready, reason) {
      readiness.ready = ready;
      readiness.reason = reason;
    },
    fail(error) {
      throw error;
    },
  });
  return {
    port: bridge.port,
    readiness,
    metric: async (name, labels) => parseMetrics(await metrics.text()).value(name, labels) ?? 0,
    drain: async () => bridge.drain(),
  };
}

/** An edge's end of the connection to its bridge. It sends what it is told and remembers what comes back. */
export class TestEdge {
  readonly acked: string[] = [];
  readonly closes: CloseReason[] = [];
  /** What came on topics that it subscribed to, in order. */
  readonly messages: { topic: string; payload: Buffer }[] = [];
  /** Every answer to a subscription. */
  readonly subscribed: { filter: string; granted: boolean }[] = [];
  readonly name: string;
  readonly #client: MqttClient<string>;
  #writable: () => void = () => {};

  constructor(
    port: number,
    name: string,
    options: {
      run?: string;
      window?: number;
      secret?: string;
      id?: string;
      will?: MqttWill;
      /** Ports of more bridges, tried in turn. */
      others?: readonly number[];
      /** The topic of a message that says that it may send. */
      awaits?: string;
    } = {},
  ) {
    this.name = name;
    const run = options.run;
    this.#client = new MqttClient<string>(
      {
        host: '127.0.0.1',
        port,
        addresses: [port, ...(options.others ?? [])].map((each) => ({ host: '127.0.0.1', port: each })),
        clientId: options.id ?? (run ? clientId(run, name) : name),
        username: name,
        password: password(options.secret ?? edgeSecret, name),
        keepAliveSeconds: 30,
        inFlightLimit: options.window ?? 1000,
        reconnect: { minMs: 50, maxMs: 200 },
        connectTimeoutMs: 5_000,
        maxPacketBytes: 16 * 1024 * 1024,
        ...(options.will && { will: options.will }),
        ...(options.awaits !== undefined && { awaits: options.awaits }),
      },
      {
        onAck: (_, tag) => void this.acked.push(tag),
        onClose: (_, reason) => void this.closes.push(reason),
        onConnect: () => this.#writable(),
        onWritable: () => this.#writable(),
        onMessage: (_, topic, payload) => void this.messages.push({ topic, payload }),
        onSubscribed: (_, filter, granted) => void this.subscribed.push({ filter, granted }),
      },
    );
    this.#client.connect();
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  async send(bytes: Buffer, tag = 'frame'): Promise<void> {
    await this.#publish(edgeTopics.uplink(this.name), bytes, tag, false);
  }

  /** As edges say their state: retained, QoS 1. */
  async say(state: Buffer, tag = 'state'): Promise<void> {
    await this.#publish(edgeTopics.state(this.name), state, tag, true);
  }

  subscribe(...filters: string[]): void {
    for (const filter of filters) this.#client.subscribe(filter, 1);
  }

  /** The last message of a topic; undefined when none came. */
  last(topic: string): Buffer | undefined {
    return this.messages.findLast((message) => message.topic === topic)?.payload;
  }

  hasHeard(topic: string): boolean {
    return this.last(topic) !== undefined;
  }

  /** At once and without a goodbye. */
  close(): void {
    this.#client.destroy();
  }

  async #publish(topic: string, bytes: Buffer, tag: string, retain: boolean): Promise<void> {
    while (!this.#client.publish(topic, bytes, 1, tag, retain)) {
      await Promise.race([new Promise<void>((resolve) => (this.#writable = resolve)), delay(200)]);
    }
  }
}

/** The TelemetryBatch header, then text: what the bridge may not look into. */
export function telemetry(key: string, text: string): FrameEntry {
  return { destination: 'fleet.telemetry', key, value: Buffer.concat([telemetryHeader, Buffer.from(text)]) };
}

/** A frame of telemetry entries; each text says which frame it is of. */
export function frame(epoch: string, number: number, entries = 3): Buffer {
  return encodeFrame({
    epoch,
    number,
    createdAt: Date.now(),
    entries: Array.from({ length: entries }, (_, index) =>
      telemetry(`VIN0000${index}`, `${epoch}/${number}/${index}`),
    ),
  });
}

/** The texts of `frame`. */
export function textsOf(epoch: string, numbers: readonly number[], entries = 3): string[] {
  return numbers.flatMap((number) =>
    Array.from({ length: entries }, (_, index) => `${epoch}/${number}/${index}`),
  );
}

export interface Stored {
  key: string;
  value: Buffer;
  /** What stands behind the schema's header. */
  text: string;
  origin: Origin | null;
}

/** Everything that a read_committed reader finds in a topic, of one run. */
export async function stored(
  brokers: string[],
  run: string,
  topic: TopicName = 'fleet.telemetry',
  prefix = '',
): Promise<Stored[]> {
  return (await readAll(brokers, topicName(topic, prefix)))
    .map((record) => ({
      key: String(record.key),
      value: record.value ?? Buffer.alloc(0),
      text: String(record.value?.subarray(10)),
      origin: decodeOrigin(record.headers['origin'] as Buffer),
    }))
    .filter((record) => record.origin?.run === run);
}

/** All records of a topic up to its end. */
export async function readAll(brokers: string[], topic: string): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  await readToEnd(connectKafka(kafkaConfig.parse({ brokers }), quiet), {
    topics: [topic],
    onBatch: (batch) => void records.push(...batch),
    timeoutMs: 30_000,
  });
  return records;
}
