import type { TestContext } from 'node:test';
import { decodeFrame } from '#contract/frame.ts';
import { edgeMayPublish, edgeMaySubscribe, edgeTopics } from '#contract/mqtt-topics.ts';
import { edgeStateCodec, type EdgeState } from '#contract/records.ts';
import { Outbox } from '#edge-agent/outbox/outbox.ts';
import { noRows } from '#edge-agent/outbox/packed-rows.ts';
import { Uplink, type UplinkOptions } from '#edge-agent/uplink/uplink.ts';
import { createLog } from '#runtime/log.ts';
import { Metrics } from '#runtime/metrics.ts';
import { GuardedBroker, type ReceivedMessage, type Settle } from '#wire/guarded-broker.ts';

/** What tests of the uplink share: a bridge that also takes states and serves what is retained, and an uplink alone. */
export const log = createLog({ component: 'edge', level: 'silent' });

export interface StateBridge {
  broker: GuardedBroker;
  port: number;
  /** As they came, wills marked. */
  states: (EdgeState & { will: boolean; retain: boolean })[];
  /** Numbers of frames, as they came. */
  frames: number[];
  subscribed: string[];
  /** Whether a message is acknowledged at once; if not, `held` has it. */
  acknowledges: (message: ReceivedMessage) => boolean;
  held: { message: ReceivedMessage; settle: Settle }[];
  /** Cuts the edge off without a goodbye. */
  cut(): void;
}

export async function stateBridge(t: TestContext, port = 0): Promise<StateBridge> {
  const metrics = new Metrics({ component: 'bridge', name: 'bridge' });
  const broker = await GuardedBroker.listen({
    host: '127.0.0.1',
    port,
    maxPacketBytes: 8 * 1024 * 1024,
    maxHeldPerConnection: 1000,
    maxHeldBytesPerConnection: 64 * 1024 * 1024,
    maxConnections: 10,
    connectTimeoutMs: 5000,
    guard: {
      authenticate: ({ username }) => username ?? 'nobody',
      mayPublish: edgeMayPublish,
      maySubscribe: (edge, filter) => {
        bridge.subscribed.push(filter);
        return edgeMaySubscribe(edge, filter);
      },
      onPublish: (message, settle) => {
        const { topic, will, retain } = message;
        const payload = Buffer.from(message.payload);
        if (topic === edgeTopics.state('edge-1'))
          bridge.states.push({ ...edgeStateCodec.decode(payload), will, retain });
        else bridge.frames.push(decodeFrame(payload).number);
        if (bridge.acknowledges(message)) settle();
        else bridge.held.push({ message, settle });
      },
    },
    log,
    metrics,
    metricPrefix: 'test_bridge',
  });
  const bridge: StateBridge = {
    broker,
    port: broker.port,
    states: [],
    frames: [],
    subscribed: [],
    acknowledges: () => true,
    held: [],
    cut: () => broker.disconnect('edge-1', 'cut by the test'),
  };
  t.after(async () => {
    for (const { settle } of bridge.held) settle();
    await broker.close();
    metrics.close();
  });
  return bridge;
}

/** An uplink with an outbox of its own. `store` makes one frame durable. */
export async function uplinkAlone(
  t: TestContext,
  dataDir: string,
  port: number,
  options: Partial<UplinkOptions> & { window?: number } = {},
): Promise<{ uplink: Uplink; outbox: Outbox; acknowledged: () => number; store: () => Promise<void> }> {
  const { window = 8, ...others } = options;
  let acknowledged = 0;
  const outbox = await Outbox.open({
    dataDir,
    maxBytes: 2 ** 30,
    maxWaitingBytes: 2 ** 30,
    lingerMs: 0,
    maxFrameBytes: 2 ** 20,
    maxFrameEntries: 1,
    log,
    onDurable: (frame) => uplink.offer(frame),
    onCommitted: () => {},
    onTrouble: () => {},
    onDamage: () => {},
  });
  const uplink = new Uplink({
    edge: 'edge-1',
    outbox,
    client: {
      host: '127.0.0.1',
      port,
      clientId: 'run/edge-1',
      username: 'edge-1',
      keepAliveSeconds: 30,
      inFlightLimit: window,
      reconnect: { minMs: 10, maxMs: 50 },
      connectTimeoutMs: 5000,
    },
    memoryBytes: 2 ** 20,
    log,
    onAcknowledged: () => acknowledged++,
    onDamage: (error) => t.diagnostic(String(error)),
    ...others,
  });
  t.after(async () => {
    await uplink.close();
    await outbox.close();
  });
  const store = async (): Promise<void> =>
    new Promise((resolve) => {
      const entry = { destination: 'fleet.telemetry', key: 'VIN', value: Buffer.alloc(10) } as const;
      outbox.append(entry, noRows, () => resolve());
    });
  return { uplink, outbox, acknowledged: () => acknowledged, store };
}
