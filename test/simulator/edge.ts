import type { TestContext } from 'node:test';
import { ownsClientId, passwordMatches } from '#contract/identity.ts';
import { carMayPublish, carMaySubscribe } from '#contract/mqtt-topics.ts';
import { decodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { createLog } from '#runtime/log.ts';
import { Metrics } from '#runtime/metrics.ts';
import { GuardedBroker } from '#wire/guarded-broker.ts';

export const fleetSecret = 'a secret of the fleet';

export interface TestEdge {
  port: number;
  /** Cars that are connected now. */
  cars: Set<string>;
  /** Cars that have ever been. */
  known: Set<string>;
  /** All that arrived, by car, in order; repetitions included. */
  received: Map<string, { batch: TelemetryBatch; bytes: Buffer; dup: boolean }[]>;
  /** While true, nothing is acknowledged. */
  holds: boolean;
}

/** The cars' end of an edge agent on a real broker: checks who they are, keeps what they send, acknowledges a moment later. */
export async function testEdge(t: TestContext): Promise<TestEdge> {
  const metrics = new Metrics({ component: 'test', name: 'edge' });
  const held: (() => void)[] = [];
  const edge: TestEdge = { port: 0, cars: new Set(), known: new Set(), received: new Map(), holds: false };
  const release = setInterval(() => {
    if (!edge.holds) for (const settle of held.splice(0)) settle();
  }, 5);
  const broker = await GuardedBroker.listen({
    host: '127.0.0.1',
    port: 0,
    maxPacketBytes: 64 * 1024,
    maxHeldPerConnection: 64,
    maxHeldBytesPerConnection: 1024 * 1024,
    maxConnections: 1000,
    connectTimeoutMs: 10_000,
    guard: {
      authenticate: ({ clientId, username, password }) => {
        if (username === undefined || !passwordMatches(fleetSecret, username, password))
          return { refuse: 'bad-credentials' };
        return ownsClientId(username, clientId) ? username : { refuse: 'foreign-client-id' };
      },
      mayPublish: carMayPublish,
      maySubscribe: carMaySubscribe,
      onPublish: ({ name, payload, dup, qos }, settle) => {
        const bytes = Buffer.from(payload);
        const own = edge.received.get(name) ?? [];
        own.push({ batch: decodeTelemetry(bytes), bytes, dup });
        edge.received.set(name, own);
        if (qos === 1) held.push(() => settle());
        else settle();
      },
      onConnected: (name) => {
        edge.cars.add(name);
        edge.known.add(name);
      },
      onGone: (name) => edge.cars.delete(name),
    },
    log: createLog({ component: 'test', level: 'silent' }),
    metrics,
    metricPrefix: 'test',
  });
  t.after(async () => {
    clearInterval(release);
    for (const settle of held) settle();
    await broker.close();
    metrics.close();
  });
  edge.port = broker.port;
  return edge;
}

/** What came from a car, each seq once, in order of seq. */
export function distinct(edge: TestEdge, vin: string): TelemetryBatch[] {
  const bySeq = new Map<number, TelemetryBatch>();
  for (const { batch } of edge.received.get(vin) ?? []) bySeq.set(batch.seq, batch);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}
