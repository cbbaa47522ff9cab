import type { Origin } from '#contract/origin.ts';
import type { Eviction, SeqSpan } from '#contract/ledger-records.ts';
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

/** As an edge whose outbox is full says it. */
export function evictionOf(ranges: SeqSpan[], more: Partial<Eviction> = {}): Eviction {
  return {
    edge: 'edge-1',
    at: 1_000_000,
    epoch: '00000000000000aa',
    firstFrame: 1,
    lastFrame: 1,
    predictions: 0,
    unnamed: 0,
    ranges,
    ...more,
  };
}
