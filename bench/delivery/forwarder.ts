import net from 'node:net';
import { parseArgs } from 'node:util';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import type { Message } from 'kafkajs';
import { topicName } from '#contract/topics.ts';
import { createLog } from '#runtime/log.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';

/**
 * What one would write without fleetbed: MQTT in, an idempotent Kafka producer out, no disk. Two forms:
 * - `--listen PORT`: a broker of its own (aedes); a car is acknowledged when Kafka has its message. At least once, in
 *   order, and nothing at all while Kafka is away.
 * - `--from PORT`: subscribed at a mosquitto, which acknowledges from its memory. What it or this process holds is lost
 *   with it.
 * Everything that came while the last request ran goes into the next one.
 */
interface Waiting {
  message: Message;
  settle: (error?: Error) => void;
}

const { values } = parseArgs({
  options: {
    listen: { type: 'string' },
    from: { type: 'string' },
    kafka: { type: 'string' },
    prefix: { type: 'string' },
  },
});
const { listen, from, kafka: broker = '', prefix = '' } = values;
const log = createLog({ component: 'forwarder', level: 'warn' });
const kafka = connectKafka(kafkaConfig.parse({ brokers: [broker] }), log);
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
await producer.connect();

const topic = topicName('fleet.telemetry', prefix);
/** As the bridge's transactions have it. */
const maxRequestMessages = 4000;
let waiting: Waiting[] = [];
let isSending = false;

if (listen !== undefined) await takeCars(Number(listen));
if (from !== undefined) await subscribe(Number(from));
process.stdout.write('takes messages\n');

async function takeCars(port: number): Promise<void> {
  const aedes = await Aedes.createBroker();
  aedes.authorizePublish = (_client, packet, done) =>
    take(packet.topic, Buffer.from(packet.payload), (error) => done(error));
  const server = net.createServer({ noDelay: true }, (socket) => void aedes.handle(socket));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

async function subscribe(port: number): Promise<void> {
  const client = await mqtt.connectAsync({ host: '127.0.0.1', port, clientId: 'forwarder', clean: true });
  client.on('message', (name, payload) => take(name, payload, fatal));
  await client.subscribeAsync('vehicles/+/telemetry', { qos: 1 });
}

function take(name: string, value: Buffer, settle: (error?: Error) => void): void {
  waiting.push({ message: { key: name.split('/')[1] ?? '', value }, settle });
  if (!isSending) sendAll().catch(fatal);
}

/** One request after the other keeps the order. */
async function sendAll(): Promise<void> {
  isSending = true;
  while (waiting.length > 0) {
    const batch = waiting.slice(0, maxRequestMessages);
    waiting = waiting.slice(maxRequestMessages);
    await producer.send({ topic, acks: -1, messages: batch.map(({ message }) => message) });
    for (const { settle } of batch) settle();
  }
  isSending = false;
}

function fatal(error?: unknown): void {
  if (error === undefined) return;
  log.error(error, 'the forwarder ends');
  process.exit(1);
}
