import { codec, instant } from '#contract/codec.ts';
import { decodeTelemetryIdentity } from '#contract/telemetry.ts';
import type { SpoilMode } from './spoil.ts';

/** What a telematics unit of another make might send: sound, and not telemetry. */
export interface TripReport {
  vin: string;
  endedAt: number;
  distanceKm: number;
}

export const tripReportCodec = codec<TripReport>('TripReport', [
  { name: 'vin', type: 'string' },
  { name: 'endedAt', type: instant },
  { name: 'distanceKm', type: 'double' },
]);

const longestTripKm = 500;

/** A sound record of a schema that the edge does not know. */
export const wrongSchema: SpoilMode = {
  sending: 'once',
  damage: (record, random) => {
    const { vin, scheduledAt } = decodeTelemetryIdentity(record);
    return tripReportCodec.encode({
      vin,
      endedAt: scheduledAt,
      distanceKm: longestTripKm * random.uniform(),
    });
  },
};
