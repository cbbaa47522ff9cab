import { carGuard } from '#edge-agent/ingress/guard.ts';
import { createLog } from '#runtime/log.ts';
import { Metrics } from '#runtime/metrics.ts';
import { GuardedBroker } from '#wire/guarded-broker.ts';

/** A process of its own, as an edge is: takes cars as an edge takes them, and what they send is of no account. */
const [fleetSecret = ''] = process.argv.slice(2);
const broker = await GuardedBroker.listen({
  host: '127.0.0.1',
  port: 0,
  maxPacketBytes: 64 * 1024,
  maxHeldPerConnection: 1,
  maxHeldBytesPerConnection: 64 * 1024,
  maxConnections: 20_000,
  connectTimeoutMs: 10_000,
  guard: { ...carGuard(fleetSecret), onPublish: (_, settle) => settle() },
  log: createLog({ component: 'doctor', level: 'silent' }),
  metrics: new Metrics({ component: 'doctor', name: 'connect' }),
  metricPrefix: 'doctor',
});
process.send?.({ port: broker.port });
// Nothing outlives doctor.
process.once('disconnect', () => process.exit(0));
