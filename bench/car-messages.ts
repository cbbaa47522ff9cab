import { signals } from '#contract/signals.ts';
import { encodeTelemetry } from '#contract/telemetry.ts';

const readingsPerMessage = 10;
const intervalMs = 1000;
const simStart = Date.UTC(2026, 0, 1);

/** Of a car of the benchmarks. */
export function vinOf(car: number): string {
  return `BENCH${String(car).padStart(12, '0')}`;
}

/** About 870 bytes: ten readings of every signal. */
export function messageOf(car: number, seq: number): Buffer {
  const first = (seq - 1) * readingsPerMessage;
  return encodeTelemetry({
    vin: vinOf(car),
    session: car + 1,
    seq,
    scheduledAt: simStart + seq * intervalMs * readingsPerMessage,
    simTime: simStart + first * intervalMs,
    intervalMs,
    columns: signals.map(({ range: { min, max } }, index) =>
      Float32Array.from({ length: readingsPerMessage }, (_, reading) => {
        const wave = Math.sin((first + reading) / (5 + index) + car);
        return min + (max - min) * (0.5 + 0.2 * wave);
      }),
    ),
  });
}
