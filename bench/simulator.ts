import { encodeTelemetry } from '#contract/telemetry.ts';
import { CarLives } from '#simulator/car-life.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { vinOf } from '#simulator/population/vin.ts';

/**
 * What a simulated car costs: car-seconds and readings per CPU-second, lived alone and encoded as they are sent, by
 * profile, usage and interval; and bytes of state a car. One thread; CPU time, so that neighbours do little.
 *
 *     npm run bench:simulator [-- cars]
 */
const cars = Number(process.argv[2] ?? 1000);
const warmUpMessages = 30;
const leastSeconds = 2;

interface Case {
  name: string;
  changes: Partial<Fleet>;
}

const mixed = { petrol: 0.5, turbo: 0.25, diesel: 0.15, hybrid: 0.1 };
const cases: Case[] = [
  { name: 'mixed fleet, 1 s', changes: {} },
  ...Object.keys(mixed).map((profile) => ({
    name: `${profile}, 1 s`,
    changes: { profiles: { [profile]: 1 } },
  })),
  { name: 'mixed fleet, 2 s', changes: { intervalMs: 2000 } },
  { name: 'mixed fleet, 100 ms', changes: { intervalMs: 100 } },
  { name: 'mixed fleet, daily trips, 1 s', changes: { usage: 'daily' } },
];

const write = (text: string): boolean => process.stdout.write(`${text}\n`);
write(`${cars} cars, 10 readings a message, a thread\n`);
write(
  '                                  car-seconds per CPU-s   readings per CPU-s   encoded, readings per CPU-s',
);
let bytes = 0;
for (const { name, changes } of cases) {
  const fleet = fleetWith(changes);
  const lived = readingsPerSecond(fleet, false);
  const encoded = readingsPerSecond(fleet, true);
  const carSeconds = (lived * fleet.intervalMs) / 1000;
  write(`  ${name.padEnd(30)} ${count(carSeconds, 22)} ${count(lived, 20)} ${count(encoded, 27)}`);
}
write(`\n${bytes} bytes of state a car`);

function fleetWith(changes: Partial<Fleet>): Fleet {
  return {
    seed: 1,
    cars,
    profiles: mixed,
    intervalMs: 1000,
    readingsPerMessage: 10,
    speedup: 10,
    start: 'mixed',
    simStartMs: Date.UTC(2026, 0, 5, 8),
    stages: [{ forMs: 3_600_000, cars }],
    ...changes,
  };
}

function readingsPerSecond(fleet: Fleet, encodes: boolean): number {
  const indices = Array.from({ length: cars }, (_, index) => index);
  const lives = new CarLives(fleet, indices);
  bytes = lives.bytesPerCar;
  const vins = indices.map((index) => vinOf(fleet.seed, index));
  const { intervalMs, readingsPerMessage, simStartMs } = fleet;
  let message = 0;
  let written = 0;
  const round = (): void => {
    const simTime = simStartMs + message++ * readingsPerMessage * intervalMs;
    for (const [slot, vin] of vins.entries()) {
      lives.live(slot, simTime);
      if (!encodes) continue;
      const { columns } = lives;
      written += encodeTelemetry({
        vin,
        session: 1,
        seq: message,
        scheduledAt: simTime,
        simTime,
        intervalMs,
        columns,
      }).length;
    }
  };
  for (let n = 0; n < warmUpMessages; n++) round();
  const began = process.cpuUsage();
  const from = message;
  let seconds = 0;
  do {
    round();
    const { user, system } = process.cpuUsage(began);
    seconds = (user + system) / 1e6;
  } while (seconds < leastSeconds);
  if (encodes && written === 0) throw new Error('nothing was encoded');
  return ((message - from) * cars * readingsPerMessage) / seconds;
}

function count(value: number, width: number): string {
  return Math.round(value).toLocaleString('en').padStart(width);
}
