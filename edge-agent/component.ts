import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ToEdge } from '#contract/control.ts';
import { clientId } from '#contract/identity.ts';
import { carTopics, edgeTopics } from '#contract/mqtt-topics.ts';
import type { ComponentSpec, Running, Services } from '#runtime/component.ts';
import { controlChannel } from '#runtime/control-channel.ts';
import { inWords, UserError } from '#runtime/errors.ts';
import { GuardedBroker } from '#wire/guarded-broker.ts';
import type { MqttClientOptions } from '#wire/mqtt-client.ts';
import { edgeConfig, type EdgeConfig } from './config.ts';
import { countDropped, edgeMetrics, watchEdge } from './edge-metrics.ts';
import { Inference, type InferenceOptions } from './inference/inference.ts';
import { splitRows } from './inference/prediction-log.ts';
import { NumberingDoor } from './ingress/door.ts';
import { carGuard } from './ingress/guard.ts';
import { Ingress } from './ingress/ingress.ts';
import { Models } from './models/models.ts';
import { Outbox } from './outbox/outbox.ts';
import { ConnectionCount } from './state/connection-count.ts';
import { EdgeStatePublisher } from './state/edge-state.ts';
import { Uplink } from './uplink/uplink.ts';
import { RecentWindow } from './window/recent.ts';

const carConnectTimeoutMs = 10_000;
const uplinkConnectTimeoutMs = 5000;
/** Largest packets of one car that are held at once; usual ones are far smaller, and counted apart. */
const heldPackets = 4;
/** At the end: how long the disk may take for what is in memory. */
const lastCommitTimeoutMs = 3000;
/** Cars that moved to other edges are remembered for a while beside those that are here. */
const rememberedPerCar = 4;

export const edgeComponent: ComponentSpec<typeof edgeConfig> = {
  name: 'edge',
  summary: 'Takes messages of cars over MQTT, keeps them durably and carries them to the bridge',
  config: edgeConfig,
  nameOf: (config) => config.edge,
  start: startEdge,
};

/** Cars -> ingress -> inference -> outbox -> uplink -> bridge. @returns also the port where cars connect */
export async function startEdge(
  config: EdgeConfig,
  services: Services,
): Promise<Running & { port: number; epoch: string }> {
  const { log } = services;
  const { edge } = config;
  const dataDir = path.resolve(config.dataDir);
  const metrics = edgeMetrics(services.metrics);
  const publicKey = await readReleaseKey(config.model.publicKey);
  const client = await uplinkClient(config);

  const outbox = await Outbox.open({
    dataDir,
    ...outboxLimits(config),
    log,
    eviction: {
      edge,
      whenFull: config.outbox.whenFull,
      hold: () => uplink.hold(),
      release: (lastDropped) => uplink.release(lastDropped),
      onDropped: (dropped) => countDropped(metrics, dropped),
    },
    onCommitted: (tookMs) => metrics.commitMs.record(tookMs),
    onDurable: (frame) => uplink.offer(frame),
    onTrouble: (why) => services.setReady(why === null, why === null ? undefined : `outbox: ${why}`),
    onDamage: (error) => services.fail(error),
  });
  await using undo = new AsyncDisposableStack();
  undo.defer(() => outbox.close());
  const uplink = new Uplink({
    edge,
    outbox,
    client,
    topicPrefix: config.uplink.topicPrefix,
    memoryBytes: config.uplink.memoryBytes,
    log,
    lastState: () => state.lastWill(),
    onConnected: () => state.connected(),
    onMessage: (topic, payload) => models.message(topic, payload),
    onAcknowledged: () => metrics.framesSent.inc(),
    onDamage: (error) => services.fail(error),
  });
  const { lastPrediction, windows } = splitRows(outbox.takeWindows());
  const window = new RecentWindow({ maxCars: config.maxCars * rememberedPerCar });
  window.load(windows);
  const inference = new Inference({
    edge,
    outbox,
    ...inferenceLimits(config),
    lastPrediction,
    isOnline: () => uplink.connected,
    publishAlarm: (vin, bytes) => tellCar(broker, vin, bytes),
    metrics: metrics.inference,
  });
  const ingress = new Ingress({
    edge,
    door: new NumberingDoor(config.maxCars),
    window,
    outbox,
    metrics,
    onArrival: ({ batch }, rows, settle) => inference.take(batch, rows, settle),
    onDuplicate: (settle) => inference.afterEarlier(settle),
  });
  const models = await Models.open({
    dataDir,
    edge,
    publicKey,
    log,
    metrics: services.metrics,
    link: uplink,
    onAdopt: (model) => inference.use(model),
    onChange: () => state.changed(),
  });
  undo.defer(() => models.close());
  // Last: the first reading of the first car meets the model that was kept.
  const broker = await openDoor(config, services, ingress);
  undo.defer(() => broker.close());
  const state = new EdgeStatePublisher({
    edge,
    connection: new ConnectionCount(dataDir, log),
    models: () => models,
    figures: () => ({
      cars: broker.connections,
      outboxFrames: outbox.frames,
      outboxBytes: outbox.bytes,
      inferenceP99Us: inference.p99Us,
      alarmsPerSecond: inference.alarmsPerSecond,
    }),
    publish: (bytes) => uplink.publishState(bytes),
  });
  const control = controlChannel<ToEdge, never>();
  control?.onMessage(({ full }) => {
    log.warn({ full }, 'a fault of the testbed: what the disk is said to be');
    outbox.setDiskFull(full).catch((error: unknown) => services.fail(error));
  });
  uplink.start();
  outbox.start();
  watchEdge(services.metrics, {
    cars: () => broker.connections,
    outboxFrames: () => outbox.frames,
    outboxBytes: () => outbox.bytes,
    waitingBytes: () => outbox.waitingBytes,
    uplinkConnected: () => uplink.connected,
    uplinkQueuedBytes: () => uplink.queuedBytes,
    inferenceWaitingReadings: () => inference.waitingReadings,
  });
  log.info(
    { port: broker.port, host: config.listen.host, epoch: outbox.epoch, frames: outbox.frames },
    'takes cars',
  );

  undo.move();
  return {
    port: broker.port,
    epoch: outbox.epoch,
    async drain() {
      control?.close();
      // Reads nothing more, and waits a short time for what becomes durable and is acknowledged.
      const closed = broker.close();
      inference.close();
      await closed;
      await outbox.flush(lastCommitTimeoutMs);
      await models.close();
      await uplink.flush(config.uplink.flushTimeout);
      state.close();
      await uplink.close();
      await outbox.close();
    },
  };
}

/** Not retained, and not kept for a car that is away. */
function tellCar(broker: GuardedBroker, vin: string, alarm: Buffer): void {
  // A broker that is closing has nobody left to tell; the alarm itself is in the outbox.
  broker.publish(carTopics.alarm(vin), alarm, { qos: 1, retain: false }).catch(() => {});
}

function inferenceLimits(
  config: EdgeConfig,
): Pick<InferenceOptions, 'sampleEvery' | 'maxBatchReadings' | 'maxWaitMs' | 'maxCars'> {
  const { sampleEvery, maxBatchReadings, maxWait: maxWaitMs } = config.model;
  return { sampleEvery, maxBatchReadings, maxWaitMs, maxCars: config.maxCars * rememberedPerCar };
}

function outboxLimits(
  config: EdgeConfig,
): Omit<EdgeConfig['outbox'], 'linger' | 'whenFull'> & { lingerMs: number } {
  const { linger: lingerMs, whenFull: _whenFull, ...limits } = config.outbox;
  return { ...limits, lingerMs };
}

/** @throws UserError in words */
async function readReleaseKey(file: string | undefined): Promise<KeyObject | undefined> {
  if (file === undefined) return undefined;
  try {
    const key = createPublicKey(await readFile(file));
    if (key.asymmetricKeyType === 'ed25519') return key;
    throw new TypeError(`expected an Ed25519 key, it is ${key.asymmetricKeyType}`);
  } catch (error) {
    const words = `model.publicKey: ${file} cannot be used: ${inWords(error)}`;
    throw new UserError('component', words, { cause: error });
  }
}

async function uplinkClient(config: EdgeConfig): Promise<MqttClientOptions> {
  const { bridges, through, topicPrefix, window, keepAlive, password, tls } = config.uplink;
  const [first] = bridges;
  assert(first);
  return {
    ...first,
    addresses: bridges,
    ...(tls && { tls: tls.ca === undefined ? {} : { ca: await readFile(tls.ca) } }),
    clientId: clientId(config.run, config.edge),
    username: config.uplink.username ?? config.edge,
    ...(password !== undefined && { password }),
    ...(through === 'broker' && { awaits: topicPrefix + edgeTopics.subscribed(config.edge) }),
    keepAliveSeconds: Math.max(1, Math.round(keepAlive / 1000)),
    inFlightLimit: window,
    reconnect: { minMs: 100, maxMs: 2000 },
    connectTimeoutMs: uplinkConnectTimeoutMs,
  };
}

async function openDoor(config: EdgeConfig, services: Services, ingress: Ingress): Promise<GuardedBroker> {
  const { listen, tls, maxPacketBytes, maxHeldPerCar, maxCars, fleetSecret } = config;
  return GuardedBroker.listen({
    ...listen,
    ...(tls && { tls: { cert: await readFile(tls.cert), key: await readFile(tls.key) } }),
    maxPacketBytes,
    maxHeldPerConnection: maxHeldPerCar,
    maxHeldBytesPerConnection: heldPackets * maxPacketBytes,
    maxConnections: maxCars,
    connectTimeoutMs: carConnectTimeoutMs,
    guard: {
      ...carGuard(fleetSecret),
      onPublish: (message, settle) => ingress.take(message, settle),
      onForbidden: (message) => ingress.keepForbidden(message),
    },
    log: services.log,
    metrics: services.metrics,
    metricPrefix: 'fleetbed_edge',
  });
}
