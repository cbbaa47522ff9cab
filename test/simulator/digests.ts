import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { encodeTelemetry } from '#contract/telemetry.ts';
import { ownCars, type Fleet } from '#simulator/fleet.ts';
import { livesOf } from '#simulator/lives.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { Schedule } from '#simulator/schedule/schedule.ts';

/** A digest of each car's bytes, all but session and scheduledAt, as the shards of a split would send them. */
export function digests(fleet: Fleet, processes = 1, workers = 1): Map<number, string> {
  const all = new Map<number, string>();
  for (let process = 0; process < processes; process++) {
    for (let worker = 0; worker < workers; worker++) {
      const indices = ownCars(fleet.cars, { process, processes, worker, workers });
      const lives = livesOf(fleet, indices);
      const hashes = indices.map(() => createHash('sha256'));
      const seqs = indices.map(() => 0);
      const schedule = new Schedule(fleet, indices, {
        due: (slot, _, simTime) => {
          if (!lives.live(slot, simTime)) return;
          const vin = vinOf(fleet.seed, indices[slot]!);
          const { intervalMs } = fleet;
          const { columns } = lives;
          const seq = ++seqs[slot]!;
          hashes[slot]!.update(
            encodeTelemetry({ vin, session: 0, seq, scheduledAt: 0, simTime, intervalMs, columns }),
          );
        },
        skip: () => assert.fail('nothing is skipped'),
        nears: () => {},
        join: () => {},
        leave: () => {},
      });
      schedule.begin(0);
      for (let now = 0; !schedule.isOver(now); now += 50) schedule.run(now, Infinity);
      for (const [slot, index] of indices.entries()) all.set(index, hashes[slot]!.digest('hex'));
    }
  }
  return all;
}
