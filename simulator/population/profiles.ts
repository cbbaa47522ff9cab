import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { SignalName } from '#contract/signals.ts';

const positive = z.number().positive();

/** What one kind of car is, as data: simulator/profiles/{name}.json. */
export const profileSchema = z.strictObject({
  description: z.string(),
  fuel: z.enum(['petrol', 'diesel']),
  massKg: positive,
  /** Drag coefficient times frontal area. */
  dragAreaM2: positive,
  /** Ratio of rolling resistance to weight. */
  rollingResistance: positive,
  displacementLitres: positive,
  maxTorqueNm: positive,
  maxPowerKw: positive,
  idleRpm: positive,
  redlineRpm: positive,
  /** Highest pressure of the charger above ambient; 0 without one. */
  maxBoostKpa: z.number().nonnegative(),
  /** Engine speed for each km/h, first gear first. One ratio that stands for a power-split gearbox when hybrid. */
  rpmPerKmh: z.array(positive).min(1).max(12),
  /** Shift up at this speed when driven gently; a hasty driver waits longer. */
  upshiftRpm: positive,
  /** Heat that warms engine and coolant by one kelvin. */
  heatCapacityKjPerK: positive,
  oilReliefKpa: positive,
  /** Highest current of the alternator (a hybrid's converter) and charge of the starter battery when new. */
  alternatorA: positive,
  batteryAh: positive,
  /** Electric drive beside the engine; null for none. */
  hybrid: z.nullable(z.strictObject({ motorKw: positive, batteryKwh: positive })),
});

export type Profile = z.output<typeof profileSchema>;

const folder = new URL('../profiles/', import.meta.url);

/** Every profile that ships, by name, in alphabetical order. */
export const profiles: ReadonlyMap<string, Profile> = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => [
      file.slice(0, -'.json'.length),
      profileSchema.parse(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))),
    ]),
);

/** A diesel has no fuel trims, and a power-split gearbox has no gears: these signals are NaN. */
export function hasSignal(profile: Profile, signal: SignalName): boolean {
  if (signal === 'shortTermFuelTrim' || signal === 'longTermFuelTrim') return profile.fuel !== 'diesel';
  return signal !== 'gear' || profile.hybrid === null;
}
