import type { Origin } from '#contract/origin.ts';
import type { DeadLetter } from '#contract/records.ts';
import { signalCount } from '#contract/signals.ts';
import { encodeTelemetry } from '#contract/telemetry.ts';

/** What the ledger's tests are fed with: real records of one run, as the bridge would write them. */
export const run = 'testrun1';

export function message(vin: string, session: number, seq: number, scheduledAt = 1_000_000): Buffer {
  const columns = Array.from({ length: signalCount }, () => new Float32Array([1]));
  return encodeTelemetry({ vin, session, seq, scheduledAt, simTime: 0, intervalMs: 1000, columns });
}

export function originOf(edge = 'edge-1', stored = false, ofRun = run): Origin {
  return { run: ofRun, edge, epoch: '00000000000000aa', number: 1, stored };
}

/** As the edge writes it: on the car's own topic. */
export function letterOf(vin: string, bytes: Buffer, reason = 'truncated'): DeadLetter {
  return {
    source: 'edge-1',
    reason,
    detail: '',
    topic: `vehicles/${vin}/telemetry`,
    key: vin,
    bytes,
    at: 0,
  };
}
