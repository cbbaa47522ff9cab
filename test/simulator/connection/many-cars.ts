import { setTimeout as sleep } from 'node:timers/promises';
import { CarConnections } from '#simulator/connection/car-connections.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { ShardCounts } from '#simulator/shard/counts.ts';
import { fleetSecret } from '../edge.ts';

/** Opens many cars' connections in a process of its own, and prints how many are there and why others are not. */
const [cars = 0, ...ports] = process.argv.slice(2).map(Number);
const counts = new ShardCounts();
const connections = new CarConnections(
  {
    run: 'r1',
    vins: Array.from({ length: cars }, (_, index) => vinOf(1, index)),
    edges: [{ host: '127.0.0.1', ports }],
    edgeOf: Array.from({ length: cars }, () => 0),
    fleetSecret,
    tls: undefined,
    keepAliveSeconds: 60,
    inFlightLimit: 1,
    qos: 1,
    counts,
    random: Math.random,
  },
  { onRoom: () => undefined, onAck: () => undefined },
);
const slots = [...Array(cars).keys()];
for (const slot of slots) connections.open(slot);
await connections.settled(slots);
// What was said of the last attempt.
await sleep(10);
console.log(
  JSON.stringify({ connected: connections.connected, failures: Object.fromEntries(counts.connectFailures) }),
);
process.exit(0);
