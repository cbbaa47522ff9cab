import type { Fleet } from '#simulator/fleet.ts';

/** A small fleet of all profiles; `changes` says what the test is about. */
export function fleetWith(changes: Partial<Fleet> = {}): Fleet {
  const cars = changes.cars ?? 24;
  return {
    seed: 42,
    cars,
    profiles: { petrol: 0.4, turbo: 0.3, diesel: 0.2, hybrid: 0.1 },
    intervalMs: 1000,
    readingsPerMessage: 10,
    speedup: 10,
    start: 'mixed',
    simStartMs: Date.UTC(2026, 0, 5, 8),
    stages: [{ forMs: 20_000, cars }],
    ...changes,
  };
}
