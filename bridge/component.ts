import { readFile } from 'node:fs/promises';
import type { ComponentSpec, Running, Services } from '#runtime/component.ts';
import { GuardedBroker } from '#wire/guarded-broker.ts';
import { connectKafka, waitForKafka } from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { bridgeGauges, bridgeMetrics } from './bridge-metrics.ts';
import { bridgeConfig, type BridgeConfig } from './config.ts';
import { Downlink } from './downlink/downlink.ts';
import { Edges } from './edges.ts';
import { FramePositions } from './frame-positions.ts';
import { Outages } from './outages.ts';
import { EdgeStates } from './states/edge-states.ts';

/** Frames in flight of one edge; an edge's window is far below. */
const maxHeldFrames = 4096;
const connectTimeoutMs = 10_000;
/** Of an MQTT packet, beside the frame: fixed header, topic, packet id. */
const packetOverheadBytes = 256;

export const bridgeComponent: ComponentSpec<typeof bridgeConfig> = {
  name: 'bridge',
  summary: "Takes edges' frames over MQTT and writes each of them to Kafka exactly once",
  config: bridgeConfig,
  nameOf: () => 'bridge',
  start: startBridge,
};

/** Door for edges -> one writer for each -> Kafka; and back, what Kafka holds for edges. @returns also the port that it listens on */
export async function startBridge(
  config: BridgeConfig,
  services: Services,
): Promise<Running & { port: number }> {
  const { log, metrics } = services;
  const { run, transaction, transactionalIdPrefix } = config;
  const { topicPrefix } = config.kafka;
  const kafka = connectKafka(config.kafka, log);
  await waitForKafka(kafka, config.kafkaWait);
  if (config.createTopics) {
    const { created, notes } = await ensureTopics(kafka, {
      prefix: topicPrefix,
      given: true,
      tieredStorage: 'detect',
    });
    if (created.length > 0) log.info({ created }, 'created topics');
    for (const note of notes) log.info(note);
  }

  const common = {
    kafka,
    run,
    topicPrefix,
    metrics: bridgeMetrics(metrics),
    log,
    fail: (error: unknown) => services.fail(error),
  };
  const states = await EdgeStates.open(common);
  const edges = new Edges(
    {
      ...common,
      transactionalIdPrefix,
      transaction,
      positions: new FramePositions(kafka, { run, topicPrefix, log }),
      outages: new Outages((ready, reason) => services.setReady(ready, reason)),
    },
    {
      edgeSecret: config.edgeSecret,
      disconnect: (edge, reason) => broker.disconnect(edge, reason),
      onState: (edge, payload) => states.offer(edge, payload),
    },
  );
  const broker = await listen(config, services, edges);
  const downlink = await Downlink.open({
    ...common,
    maxReleaseBytes: config.downlink.maxReleaseBytes,
    retain: async (topic, payload) => broker.publish(topic, payload, { qos: 1, retain: true }),
  });
  bridgeGauges(metrics, { edges, downlink, states });
  log.info({ port: broker.port, host: config.listen.host }, 'takes frames');
  services.setReady(true);

  return {
    port: broker.port,
    async drain() {
      broker.stopAccepting();
      const stopping = downlink.stop();
      // Closing reads nothing more, and waits for what is settled meanwhile.
      const closing = broker.close();
      await edges.drain();
      await closing;
      // Closing brought last wills.
      await Promise.all([stopping, states.drain()]);
    },
  };
}

async function listen(config: BridgeConfig, services: Services, edges: Edges): Promise<GuardedBroker> {
  const { log, metrics } = services;
  return GuardedBroker.listen({
    ...config.listen,
    ...(config.tls && {
      tls: { cert: await readFile(config.tls.cert), key: await readFile(config.tls.key) },
    }),
    maxPacketBytes: config.maxFrameBytes + packetOverheadBytes,
    maxHeldPerConnection: maxHeldFrames,
    maxHeldBytesPerConnection: config.maxPendingBytes,
    maxConnections: config.maxEdges,
    connectTimeoutMs,
    fanOut: false,
    guard: edges.guard,
    log,
    metrics,
    metricPrefix: 'fleetbed_bridge',
  });
}
