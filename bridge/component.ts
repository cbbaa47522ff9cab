import { UserError } from '#runtime/errors.ts';
import type { ComponentSpec, Running, Services } from '#runtime/component.ts';
import { connectKafka, waitForKafka } from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { bridgeGauges, bridgeMetrics } from './bridge-metrics.ts';
import { bridgeConfig, type BridgeConfig } from './config.ts';
import type { Door } from './door.ts';
import { openEmbeddedDoor } from './embedded.ts';
import { ExternalDoor } from './external/external-door.ts';
import { FramePositions } from './frame-positions.ts';
import { HandOver } from './hand-over.ts';
import { Outages } from './outages.ts';
import { EdgeStates } from './states/edge-states.ts';

/** A bridge that has sent its edges away asks Kafka again and again. */
const askTimeoutMs = 1000;

export const bridgeComponent: ComponentSpec<typeof bridgeConfig> = {
  name: 'bridge',
  summary: "Takes edges' frames over MQTT and writes each of them to Kafka exactly once",
  config: bridgeConfig,
  nameOf: ({ name }) => name,
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
  const kafka = connectKafka(config.kafka, log, metrics);
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
  const outages = new Outages((ready, reason) => services.setReady(ready, reason));
  const context = {
    ...common,
    transactionalIdPrefix,
    transaction,
    positions: new FramePositions(kafka, { run, topicPrefix, log }),
    outages,
  };
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => states.drain());
  const door = await openDoor(config, {
    services,
    context,
    downlink: { ...common, maxReleaseBytes: config.downlink.maxReleaseBytes },
    onState: (edge, payload) => states.offer(edge, payload),
  });
  bridgeGauges(metrics, { door, states });
  const handOver = new HandOver({
    ...common,
    afterMs: config.handOverAfter,
    edges: door,
    outages,
    askKafka: async () => waitForKafka(kafka, askTimeoutMs),
  });
  services.setReady(true);

  undo.move();
  return {
    port: door.port,
    async drain() {
      handOver.stop();
      await door.drain();
      await states.drain();
    },
  };
}

type DoorParts = Omit<Parameters<typeof openEmbeddedDoor>[0], 'config'>;

/** Edges come to this bridge itself, or all of them through a broker of the user's own. */
async function openDoor(config: BridgeConfig, parts: DoorParts): Promise<Door> {
  const { mqtt, edgeSecret, maxFrameBytes, maxPendingBytes } = config;
  const { log } = parts.services;
  if (mqtt) {
    const door = await ExternalDoor.open({ ...parts, mqtt, maxFrameBytes, maxPendingBytes });
    const { broker, owns, standsBy } = mqtt;
    log.info({ broker, owns, standsBy }, 'takes frames from an MQTT broker');
    return door;
  }
  // The schema has seen to it; a caller that has none is told so.
  if (edgeSecret === undefined) throw new UserError('config', 'edgeSecret is missing');
  const door = await openEmbeddedDoor({ ...parts, config: { ...config, edgeSecret } });
  log.info({ port: door.port, host: config.listen?.host }, 'takes frames');
  return door;
}
