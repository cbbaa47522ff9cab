import { readFile } from 'node:fs/promises';
import type { Services } from '#runtime/component.ts';
import { GuardedBroker } from '#wire/guarded-broker.ts';
import { embeddedListen, type BridgeConfig } from './config.ts';
import type { Door } from './door.ts';
import { Downlink, type DownlinkOptions } from './downlink/downlink.ts';
import { Edges } from './edges.ts';
import type { WriterContext } from './frame-writer.ts';

/** Frames in flight of one edge; an edge's window is far below. */
const maxHeldFrames = 4096;
const connectTimeoutMs = 10_000;
/** Of an MQTT packet, beside the frame: fixed header, topic, packet id. */
const packetOverheadBytes = 256;

export interface EmbeddedOptions {
  config: BridgeConfig & { edgeSecret: string };
  services: Services;
  context: WriterContext;
  downlink: Omit<DownlinkOptions, 'retain'>;
  /** What an edge says of itself, or its last will does. */
  onState: (edge: string, payload: Buffer) => void;
}

/** The bridge's own broker: edges connect to it. */
export async function openEmbeddedDoor(options: EmbeddedOptions): Promise<Door> {
  const { config, services, context, onState } = options;
  const edges = new Edges(context, {
    edgeSecret: config.edgeSecret,
    disconnect: (edge, reason) => broker.disconnect(edge, reason),
    onState,
  });
  const broker = await listen(config, services, edges);
  const downlink = await Downlink.open({
    ...options.downlink,
    retain: async (topic, payload) => broker.publish(topic, payload, { qos: 1, retain: true }),
  });
  return {
    port: broker.port,
    get connected() {
      return edges.connected;
    },
    standingBy: 0,
    get pendingBytes() {
      return edges.pendingBytes;
    },
    get settledFrames() {
      return edges.settledFrames;
    },
    turnAway: (why) => edges.turnAway(why),
    takeAgain: () => edges.takeAgain(),
    downlink,
    async drain() {
      broker.stopAccepting();
      const stopping = downlink.stop();
      // Closing reads nothing more, and waits for what is settled meanwhile. It brings last wills.
      const closing = broker.close();
      await edges.drain();
      await closing;
      await stopping;
    },
  };
}

async function listen(config: BridgeConfig, services: Services, edges: Edges): Promise<GuardedBroker> {
  const { log, metrics } = services;
  return GuardedBroker.listen({
    ...(config.listen ?? embeddedListen.parse({})),
    ...(config.tls && {
      tls: { cert: await readFile(config.tls.cert), key: await readFile(config.tls.key) },
    }),
    maxPacketBytes: config.maxFrameBytes + packetOverheadBytes,
    maxHeldPerConnection: maxHeldFrames,
    maxHeldBytesPerConnection: config.maxPendingBytes,
    maxConnections: config.maxEdges,
    connectTimeoutMs,
    guard: edges.guard,
    log,
    metrics,
    metricPrefix: 'fleetbed_bridge',
  });
}
