import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { decodeFrame, type Frame } from '#contract/frame.ts';
import { password } from '#contract/identity.ts';
import { carTopics } from '#contract/mqtt-topics.ts';
import { predictionCodec, type Prediction } from '#contract/records.ts';
import { signalCount } from '#contract/signals.ts';
import { decodeTelemetry, encodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { startEdge } from '#edge-agent/component.ts';
import { edgeConfig } from '#edge-agent/config.ts';
import { Store } from '#edge-agent/outbox/store.ts';
import type { Running, Services } from '#runtime/component.ts';
import { createLog } from '#runtime/log.ts';
import { Metrics, parseMetrics, type ParsedMetrics } from '#runtime/metrics.ts';
import { MqttClient } from '#wire/mqtt-client.ts';

/** What tests of the edge agent share: a folder, an edge in this process, cars that speak MQTT. */
export const fleetSecret = 'a secret of the fleet';
export const vin = 'WVWZZZ1JZXW000001';

export async function tempFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-edge-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function telemetry(car: string, session: number, seq: number, readings = 10): TelemetryBatch {
  const columns = Array.from({ length: signalCount }, (_signal, signal) =>
    Float32Array.from({ length: readings }, (_reading, reading) => signal + reading / 10 + seq),
  );
  const simTime = 1_700_000_000_000;
  return { vin: car, session, seq, scheduledAt: Date.now(), simTime, intervalMs: 1000, columns };
}

export interface TestEdge {
  port: number;
  epoch: string;
  folder: string;
  /** null while it is ready. */
  notReady(): string | undefined;
  failures: unknown[];
  metrics(): Promise<ParsedMetrics>;
  drain(): Promise<void>;
}

/** An edge agent in this process. Its bridge is nowhere unless one is given. */
export async function testEdge(
  t: TestContext,
  folder: string,
  settings: Record<string, unknown> = {},
  bridgePort = 1,
): Promise<TestEdge> {
  const config = edgeConfig.parse({
    health: {},
    log: {},
    run: 'run',
    edge: 'edge-1',
    listen: { port: 0 },
    fleetSecret,
    dataDir: folder,
    ...settings,
    uplink: {
      bridges: [`127.0.0.1:${bridgePort}`],
      password: 'edge password',
      ...(settings['uplink'] as object | undefined),
    },
  });
  const metrics = new Metrics({ component: 'edge', name: 'edge-1' });
  const failures: unknown[] = [];
  let notReady: string | undefined;
  const services: Services = {
    log: createLog({ component: 'edge', level: 'silent' }),
    metrics,
    setReady: (ready, reason) => (notReady = ready ? undefined : reason),
    fail: (error) => failures.push(error),
  };
  const running: Running & { port: number; epoch: string } = await startEdge(config, services);
  let drained: Promise<void> | undefined;
  const drain = (): Promise<void> => (drained ??= running.drain());
  t.after(async () => {
    await drain();
    metrics.close();
  });
  const { port, epoch } = running;
  const readMetrics = async (): Promise<ParsedMetrics> => parseMetrics(await metrics.text());
  return { port, epoch, folder, notReady: () => notReady, failures, metrics: readMetrics, drain };
}

export interface TestCar {
  vin: string;
  client: MqttClient;
  /** seqs in the order of their acknowledgements. */
  acked: number[];
  closes: string[];
  /** What the edge told it, once it listens. */
  alarms: Buffer[];
  /** Resolves when the edge has agreed: what it says of an earlier message is told nobody. */
  listen(): Promise<void>;
  send(payload: Buffer, tag?: number): void;
  /** Sends these seqs of a session. */
  sendSeqs(session: number, from: number, to: number): void;
}

/** A car that is connected, and stays so by reconnecting. */
export async function testCar(
  t: TestContext,
  port: number,
  name: string,
  as: { clientId?: string; password?: string } = {},
): Promise<TestCar> {
  const acked: number[] = [];
  const closes: string[] = [];
  const alarms: Buffer[] = [];
  const connected = Promise.withResolvers<void>();
  const subscribed = Promise.withResolvers<void>();
  const waiting: { payload: Buffer; tag: number }[] = [];
  const pump = (): void => {
    for (let next = waiting[0]; next; next = waiting[0]) {
      if (!client.publish(carTopics.telemetry(name), next.payload, 1, next.tag)) return;
      waiting.shift();
    }
  };
  const client = new MqttClient(
    {
      host: '127.0.0.1',
      port,
      clientId: as.clientId ?? name,
      username: name,
      password: as.password ?? password(fleetSecret, name),
      keepAliveSeconds: 30,
      inFlightLimit: 10_000,
      reconnect: { minMs: 20, maxMs: 100 },
      connectTimeoutMs: 5000,
    },
    {
      onConnect: () => {
        connected.resolve();
        pump();
      },
      onWritable: pump,
      onClose: (_client, reason) => closes.push(reason),
      onAck: (_client, tag) => acked.push(tag),
      onSubscribed: () => subscribed.resolve(),
      onMessage: (_client, _topic, payload) => alarms.push(Buffer.from(payload)),
    },
  );
  t.after(() => client.destroy());
  client.connect();
  await connected.promise;
  const send = (payload: Buffer, tag = 0): void => {
    waiting.push({ payload, tag });
    pump();
  };
  const sendSeqs = (session: number, from: number, to: number): void => {
    for (let seq = from; seq <= to; seq++) send(encodeTelemetry(telemetry(name, session, seq)), seq);
  };
  const listen = async (): Promise<void> => {
    client.subscribe(carTopics.alarm(name), 1);
    await subscribed.promise;
  };
  return { vin: name, client, acked, closes, alarms, listen, send, sendSeqs };
}

/** Every frame of an outbox that nobody has open. */
export function storedFrames(folder: string): Frame[] {
  const store = Store.open(folder);
  const stored = store.read(1, Number.MAX_SAFE_INTEGER);
  store.close();
  return stored.map(({ bytes }) => decodeFrame(Buffer.from(bytes)));
}

/** "vin/session/seq" of all telemetry in frames, in their order. */
export function identities(frames: readonly Pick<Frame, 'entries'>[]): string[] {
  return frames.flatMap((frame) =>
    frame.entries
      .filter((entry) => entry.destination === 'fleet.telemetry')
      .map((entry) => {
        const { vin: car, session, seq } = decodeTelemetry(entry.value);
        return `${car}/${session}/${seq}`;
      }),
  );
}

/** All predictions in frames, in their order; each stands in the frame of the message that it belongs to, behind it. */
export function predictions(frames: readonly Pick<Frame, 'entries'>[]): Prediction[] {
  return frames.flatMap(({ entries }) => {
    const messages = new Set<string>();
    const found: Prediction[] = [];
    for (const { destination, value } of entries) {
      if (destination === 'fleet.telemetry') {
        const { vin: car, session, seq } = decodeTelemetry(value);
        messages.add(`${car}/${session}/${seq}`);
      } else {
        const prediction = predictionCodec.decode(value);
        const { vin: car, session, seq } = prediction;
        assert.ok(messages.has(`${car}/${session}/${seq}`), `${car}/${session}/${seq} is not in its frame`);
        found.push(prediction);
      }
    }
    return found;
  });
}
