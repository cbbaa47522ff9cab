import type { TestContext } from 'node:test';
import { decodeFrame, type Frame } from '#contract/frame.ts';
import { edgeMayPublish, edgeMaySubscribe, edgeTopics } from '#contract/mqtt-topics.ts';
import { edgeStateCodec, type EdgeState } from '#contract/records.ts';
import { createLog } from '#runtime/log.ts';
import { Metrics } from '#runtime/metrics.ts';
import { GuardedBroker } from '#wire/guarded-broker.ts';

/** A real broker in the bridge's place, that notes what comes and acknowledges it when told to. */
export interface TestBridge {
  port: number;
  /** In the order of arrival, resent ones included. */
  arrived: Frame[];
  /** What the edge said of itself, in the order of arrival. */
  states: EdgeState[];
  /** Publishes what an edge that subscribes gets at once, and again at every subscription. */
  retain(topic: string, payload: Buffer): Promise<void>;
  /** Decides about a frame: acknowledge it, hold it, or cut the connection without an answer. */
  onFrame: (frame: Frame) => 'ack' | 'hold' | 'cut';
  /** Acknowledges what was held. */
  release(): void;
  close(): Promise<void>;
}

export async function testBridge(t: TestContext, port = 0): Promise<TestBridge> {
  const held: (() => void)[] = [];
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
      maySubscribe: edgeMaySubscribe,
      onPublish: ({ name, topic, payload }, settle) => {
        if (topic === edgeTopics.state(name)) {
          bridge.states.push(edgeStateCodec.decode(payload));
          settle();
          return;
        }
        const frame = decodeFrame(Buffer.from(payload));
        bridge.arrived.push(frame);
        const decision = bridge.onFrame(frame);
        if (decision === 'ack') settle();
        else if (decision === 'hold') held.push(settle);
        // A moment later: what was acknowledged before gets out, what comes after is lost with it.
        else setTimeout(() => broker.disconnect(name, 'cut by the test'), 10);
      },
    },
    log: createLog({ component: 'bridge', level: 'silent' }),
    metrics,
    metricPrefix: 'test_bridge',
  });
  const close = async (): Promise<void> => {
    await broker.close();
    metrics.close();
  };
  t.after(close);
  const bridge: TestBridge = {
    port: broker.port,
    arrived: [],
    states: [],
    retain: (topic, payload) => broker.publish(topic, payload, { qos: 1, retain: true }),
    onFrame: () => 'ack',
    release: () => {
      for (const settle of held.splice(0)) settle();
    },
    close,
  };
  return bridge;
}

/** The frames without those that came again. */
export function distinct(frames: readonly Frame[]): Frame[] {
  const seen = new Set<string>();
  return frames.filter(({ epoch, number }) => {
    const id = `${epoch}/${number}`;
    return !seen.has(id) && seen.add(id);
  });
}
