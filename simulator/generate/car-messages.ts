import { hash } from 'node:crypto';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { FailureTimes } from '../failures/failing-car.ts';
import type { Fleet } from '../fleet.ts';
import { livesOf } from '../lives.ts';
import { vinOf } from '../population/vin.ts';
import { timetableOf } from '../schedule/timetable.ts';
import { truthRowOf, type TruthRow } from './truth-row.ts';

/**
 * All that some cars send, one car after the other, and what is wrong with them: what a live fleet of these cars would
 * send, with a session by (seed, vin), and due when the car's own clock says so. The message is overwritten by the next.
 */
export function* messagesOf(
  fleet: Fleet,
  indices: readonly number[],
  truths: TruthRow[],
): Generator<TelemetryBatch> {
  let known: FailureTimes | undefined;
  const lives = livesOf(fleet, indices, (_, times) => (known = times));
  const { columns } = lives;
  const { intervalMs, readingsPerMessage } = fleet;
  for (const [slot, index] of indices.entries()) {
    known = undefined;
    const vin = vinOf(fleet.seed, index);
    const session = sessionOf(fleet.seed, vin);
    const batch = { vin, session, seq: 0, scheduledAt: 0, simTime: 0, intervalMs, columns };
    for (const { simTime } of timetableOf(fleet, index)) {
      if (!lives.live(slot, simTime)) continue;
      batch.seq++;
      batch.simTime = simTime;
      // A message is due when its last reading is taken.
      batch.scheduledAt = simTime + (readingsPerMessage - 1) * intervalMs;
      yield batch;
    }
    if (known !== undefined) truths.push(truthRowOf(vin, known, fleet));
  }
}

/** Below 2^53, as live cars' sessions are. */
export function sessionOf(seed: number, vin: string): number {
  const bytes = hash('sha256', `${seed}/${vin}/session`, 'buffer');
  return (bytes[0]! & 0x1f) * 2 ** 48 + bytes.readUIntBE(1, 6);
}
