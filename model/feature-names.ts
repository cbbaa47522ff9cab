import { hash } from 'node:crypto';
import { signalNames, signals, type SignalName } from '#contract/signals.ts';

/** What the car's clock, the state of its engine and its recent past add to the signals. */
const derived = [
  // As targets: absent while the engine stands or has just started; the catalyst's also until it has lit off.
  'running.manifoldPressure',
  'running.massAirFlow',
  'running.oilPressure',
  'running.shortTermFuelTrim',
  'running.catalystTemperature',
  'running.vibrationRms',
  /** 1 once the car has reported a fuel trim, which diesel engines lack. */
  'hasFuelTrim',
  /** Air taken for each turn and pressure: the engine's size, as learnt from the car's own past. */
  'displacement',
  /** What an engine of this size takes at this speed and pressure, and the pressure at which it takes what it takes. */
  'expectedFlow',
  'expectedPressure',
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
  'exhaust.45s',
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
const meaning = 1;

/** 16 hex digits. An artefact of other features is of no use. */
export const featureSchemaHash = hash(
  'sha256',
  JSON.stringify([meaning, featureNames, signals.map(({ range }) => [range.min, range.max])]),
).slice(0, 16);
