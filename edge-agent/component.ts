import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { clientId } from '#contract/identity.ts';
import type { ComponentSpec, Running, Services } from '#runtime/component.ts';
import { GuardedBroker } from '#wire/guarded-broker.ts';
import type { MqttClientOptions } from '#wire/mqtt-client.ts';
import { edgeConfig, type EdgeConfig } from './config.ts';
import { edgeMetrics, watchEdge } from './edge-metrics.ts';
import { NumberingDoor } from './ingress/door.ts';
import { carGuard } from './ingress/guard.ts';
import { Ingress } from './ingress/ingress.ts';
import { Outbox } from './outbox/outbox.ts';
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

/** Cars -> ingress -> (scores) -> outbox -> uplink -> bridge. @returns also the port where cars connect */
export async function startEdge(
  config: EdgeConfig,
  services: Services,
): Promise<Running & { port: number; epoch: string }> {
  const { log } = services;
  const metrics = edgeMetrics(services.metrics);

  const outbox = await Outbox.open({
    dataDir: path.resolve(config.dataDir),
    ...outboxLimits(config),
    log,
    onCommitted: (tookMs) => metrics.commitMs.record(tookMs),
    onDurable: (frame) => uplink.offer(frame),
    onTrouble: (why) => services.setReady(why === null, why === null ? undefined : `outbox: ${why}`),
    onDamage: (error) => services.fail(error),
  });
  const uplink = new Uplink({
    edge: config.edge,
    outbox,
    client: await uplinkClient(config),
    memoryBytes: config.uplink.memoryBytes,
    log,
    onAcknowledged: () => metrics.framesSent.inc(),
    onDamage: (error) => services.fail(error),
  });
  const window = new RecentWindow({ maxCars: config.maxCars * rememberedPerCar });
  window.load(outbox.takeWindows());
  const ingress = new Ingress({
    edge: config.edge,
    door: new NumberingDoor(config.maxCars),
    window,
    outbox,
    metrics,
    onArrival: ({ batch, bytes }, windows, settle) => {
      // readings -> scores: a model will look at `batch` here, before it is stored.
      outbox.append({ destination: 'fleet.telemetry', key: batch.vin, value: bytes }, windows, settle);
    },
  });
  const broker = await openDoor(config, services, ingress).catch(async (error: unknown) => {
    await outbox.close();
    throw error;
  });
  uplink.start();
  watchEdge(services.metrics, {
    cars: () => broker.connections,
    outboxFrames: () => outbox.frames,
    outboxBytes: () => outbox.bytes,
    waitingBytes: () => outbox.waitingBytes,
    uplinkConnected: () => uplink.connected,
    uplinkQueuedBytes: () => uplink.queuedBytes,
  });
  log.info(
    { port: broker.port, host: config.listen.host, epoch: outbox.epoch, frames: outbox.frames },
    'takes cars',
  );

  return {
    port: broker.port,
    epoch: outbox.epoch,
    async drain() {
      // Reads nothing more, and waits a short time for what becomes durable and is acknowledged.
      await broker.close();
      await outbox.flush(lastCommitTimeoutMs);
      await uplink.flush(config.uplink.flushTimeout);
      await uplink.close();
      await outbox.close();
    },
  };
}

function outboxLimits(config: EdgeConfig): Omit<EdgeConfig['outbox'], 'linger'> & { lingerMs: number } {
  const { linger: lingerMs, ...limits } = config.outbox;
  return { ...limits, lingerMs };
}

async function uplinkClient(config: EdgeConfig): Promise<MqttClientOptions> {
  const { bridges, window, keepAlive, password, tls } = config.uplink;
  const [first] = bridges;
  assert(first);
  return {
    ...first,
    addresses: bridges,
    ...(tls && { tls: tls.ca === undefined ? {} : { ca: await readFile(tls.ca) } }),
    clientId: clientId(config.run, config.edge),
    username: config.edge,
    password,
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
    fanOut: false,
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
