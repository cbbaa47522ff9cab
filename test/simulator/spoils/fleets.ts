import { encodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { signalCount } from '#contract/signals.ts';
import type { FleetSpoil } from '#simulator/fleet.ts';

/** All the time, each second message of five cars, unless said otherwise. */
export function spoilWith(changes: Partial<FleetSpoil>): FleetSpoil {
  return { kind: 'corrupt', atMs: 0, forMs: 1_000_000, cars: 5, every: 2, byMs: 0, ...changes };
}

export function batchWith(changes: Partial<TelemetryBatch>, readings = 10): TelemetryBatch {
  return {
    vin: 'WVWZZZ1JZXW000001',
    session: 4_503_599_627_370_495,
    seq: 1,
    scheduledAt: 1_790_000_000_000,
    simTime: 1_760_000_000_000,
    intervalMs: 1000,
    columns: Array.from({ length: signalCount }, (_, signal) => new Float32Array(readings).fill(signal)),
    ...changes,
  };
}

export const recordWith = (changes: Partial<TelemetryBatch>, readings?: number): Buffer =>
  encodeTelemetry(batchWith(changes, readings));
