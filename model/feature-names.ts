import { hash } from 'node:crypto';
import { signalNames, signals, type SignalName } from '#contract/signals.ts';

/** What the car's clock, the state of its engine and its recent past add to the signals. */
const derived = [
  /** Which signals are absent: the sum of 2 ** their index. */
  'absent',
  // As targets: absent while the engine stands or has just started; the catalyst's also until it has lit off.
  'running.shortTermFuelTrim',
  'running.catalystTemperature',
  // Of what errs, and differs from car to car, by a factor: the natural logarithm.
  'log.oilPressure',
  'log.vibrationRms',
  /** Air over what an engine of this size takes at this speed and pressure; and manifold pressure over what goes with this air. */
  'log.fullness',
  'log.emptiness',
  /** K above ambient. */
  'intakeRise',
  /** Absent while the battery is charged so hard that the alternator cannot hold the voltage. */
  'held.batteryVoltage',
  /** 1 once the car has reported a fuel trim, which diesel engines lack. */
  'hasFuelTrim',
  /** 1 once the car has driven while its engine stood, as hybrids do. */
  'hasMotor',
  /** Air taken for each turn and pressure: the engine's size, as learnt from the car's own past. */
  'displacement',
  /** Manifold pressure above the air's outside, kPa. */
  'boost',
  'boost.45s',
  /** mg of air a turn. */
  'charge',
  'charge.5s',
  /** g/s */
  'fuelFlow',
  'fuelFlow.15s',
  'fuelFlow.60s',
  'fuelFlow.240s',
  'speed.60s',
  'speed.240s',
  /** From 1 standing to 0 fast: how little air passes the bonnet. */
  'slowness',
  'slowness.45s',
  'engineSpeed.15s',
  'engineSpeed.60s',
  'engineSpeed.240s',
  /** What the catalyst follows: the root of the fuel, and whether any burns. */
  'exhaust.45s',
  'burning.45s',
  'coolantTemperature.150s',
  /** degC: how warm the engine should be by the heat that went in, up to its thermostat. */
  'warmth',
  /** 1 until the engine should be warm, then falling to 0 within minutes. */
  'warming',
] as const;

export type FeatureName = SignalName | (typeof derived)[number];

/** What stands in a row, in order: the signals under their own names, then what is derived of them. */
export const featureNames: readonly FeatureName[] = [...signalNames, ...derived];
export const featureCount = featureNames.length;

/** Position of each feature in a row. */
export const featureIndex = Object.fromEntries(featureNames.map((name, index) => [name, index])) as Record<
  FeatureName,
  number
>;

/** To be raised when a feature keeps its name and means something else. */
const meaning = 2;

/** 16 hex digits. An artefact of other features is of no use. */
export const featureSchemaHash = hash(
  'sha256',
  JSON.stringify([meaning, featureNames, signals.map(({ range }) => [range.min, range.max])]),
).slice(0, 16);
