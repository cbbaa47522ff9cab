import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import mqtt, { type IConnectPacket, type Packet } from 'mqtt-packet';
import { createLog } from '#runtime/log.ts';
import { Metrics, parseMetrics } from '#runtime/metrics.ts';
import { until } from '#test/until.ts';
import {
  GuardedBroker,
  type BrokerGuard,
  type GuardedBrokerOptions,
  type ReceivedMessage,
  type Settle,
} from '#wire/guarded-broker.ts';
import { MqttClient, type MqttClientEvents, type MqttClientOptions } from '#wire/mqtt-client.ts';

export const connack = Buffer.from([0x20, 2, 0, 0]);
export const pingResponse = Buffer.from([0xd0, 0]);

/** Reads packets with the reference parser, accepts the CONNECT, and hands on the rest. */
export function accept(socket: Socket, onPacket: (packet: Packet) => void = () => undefined): void {
  const parser = mqtt.parser();
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connect') socket.write(connack);
    onPacket(packet);
  });
  socket.on('data', (chunk) => parser.parse(chunk));
}

export interface BrokerUnderTest {
  broker: GuardedBroker;
  received: { message: ReceivedMessage; settle: Settle }[];
  connected: string[];
  gone: string[];
  /** How many the owner was asked for. */
  subscriptions: () => number;
  refused: (reason: string) => Promise<number>;
  dropped: (reason: string) => Promise<number>;
  metric: (name: string) => Promise<number>;
}

/**
 * A guarded broker where everyone's password is 'secret', a client id is the user name (or run/name), and each has `t/{name}`
 * to publish to and `s/{name}` to subscribe to.
 */
export async function startBroker(
  t: TestContext,
  options: Partial<GuardedBrokerOptions> & { settleAtOnce?: boolean } = {},
): Promise<BrokerUnderTest> {
  const metrics = new Metrics({ component: 'test', name: 'test' });
  const received: BrokerUnderTest['received'] = [];
  const connected: string[] = [];
  const gone: string[] = [];
  let subscriptions = 0;
  const guard: BrokerGuard = {
    authenticate: ({ clientId, username, password }) => {
      if (username === undefined || password?.toString() !== 'secret') return { refuse: 'bad-credentials' };
      if (clientId.split('/').at(-1) !== username) return { refuse: 'foreign-client-id' };
      return username;
    },
    mayPublish: (name, topic) => topic === `t/${name}`,
    maySubscribe: (name, filter) => {
      subscriptions++;
      return filter.startsWith(`s/${name}`);
    },
    onPublish: (message, settle) => {
      received.push({ message, settle });
      if (options.settleAtOnce ?? true) settle();
    },
    onConnected: (name) => connected.push(name),
    onGone: (name) => gone.push(name),
  };
  const broker = await GuardedBroker.listen({
    host: '127.0.0.1',
    port: 0,
    maxPacketBytes: 64 * 1024,
    maxHeldPerConnection: 64,
    maxHeldBytesPerConnection: 1024 * 1024,
    maxConnections: 100,
    connectTimeoutMs: 10_000,
    guard,
    log: createLog({ component: 'test', level: 'silent' }),
    metrics,
    metricPrefix: 'test',
    ...options,
  });
  t.after(async () => {
    for (const { settle } of received) settle();
    await broker.close();
    metrics.close();
  });
  const read = async (name: string, labels = {}): Promise<number> =>
    parseMetrics(await metrics.text()).value(name, labels);
  return {
    broker,
    received,
    connected,
    gone,
    subscriptions: () => subscriptions,
    refused: (reason) => read('test_refused_total', { reason }),
    dropped: (reason) => read('test_dropped_total', { reason }),
    metric: (name) => read(name),
  };
}

export interface Recorded {
  connects: number;
  closes: string[];
  acks: number[];
  writable: number;
  messages: { topic: string; payload: Buffer }[];
  subscribed: { filter: string; granted: boolean }[];
}

/** A client that writes down all that happens to it. */
export function startClient(
  t: TestContext,
  port: number,
  options: Partial<MqttClientOptions> = {},
  events: MqttClientEvents<number> = {},
): { client: MqttClient; seen: Recorded } {
  const seen: Recorded = {
    connects: 0,
    closes: [],
    acks: [],
    writable: 0,
    messages: [],
    subscribed: [],
  };
  const client = new MqttClient<number>(
    {
      host: '127.0.0.1',
      port,
      clientId: 'car',
      username: 'car',
      password: 'secret',
      keepAliveSeconds: 60,
      inFlightLimit: 16,
      reconnect: { minMs: 10, maxMs: 50 },
      connectTimeoutMs: 10_000,
      ...options,
    },
    {
      onConnect: () => seen.connects++,
      onClose: (_, reason) => seen.closes.push(reason),
      onAck: (_, tag) => seen.acks.push(tag),
      onWritable: () => seen.writable++,
      onMessage: (_, topic, payload) => seen.messages.push({ topic, payload }),
      onSubscribed: (_, filter, granted) => seen.subscribed.push({ filter, granted }),
      ...events,
    },
  );
  t.after(() => client.destroy());
  client.connect();
  return { client, seen };
}

/** A broker of the test's own: it does with each connection what the test says. */
export async function startServer(
  t: TestContext,
  serve: (socket: Socket, index: number) => void,
): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    serve(socket, sockets.length - 1);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** A raw connection to a broker, with what it answered. */
export async function connectRaw(
  t: TestContext,
  port: number,
): Promise<{ socket: Socket; answer: () => Buffer; closed: () => boolean }> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  const chunks: Buffer[] = [];
  let closed = false;
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => (closed = true));
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return { socket, answer: () => Buffer.concat(chunks), closed: () => closed };
}

/** A raw connection whose CONNECT, as `packet` changes it, the broker has accepted; its answers begin with the CONNACK. */
export async function connectAccepted(
  t: TestContext,
  port: number,
  packet: Partial<IConnectPacket> = {},
): ReturnType<typeof connectRaw> {
  const raw = await connectRaw(t, port);
  const { clientId = 'car' } = packet;
  const identity = { clientId, username: clientId, password: Buffer.from('secret') };
  raw.socket.write(mqtt.generate({ cmd: 'connect', keepalive: 60, ...identity, ...packet }));
  await until(() => raw.answer().length === connack.length);
  assert.deepEqual(raw.answer(), connack);
  return raw;
}

/** Both ends of a TCP connection. */
export async function connectedPair(
  t: TestContext,
  connect: (address: { host: string; port: number }) => Socket = net.connect,
): Promise<{ client: Socket; socket: Socket }> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [socket] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    socket.destroy();
    client.destroy();
    server.close();
  });
  return { client, socket };
}
