import type { DetectorKind } from '#contract/release.ts';
import type { SignalName } from '#contract/signals.ts';
import { featureIndex, type FeatureName } from './feature-names.ts';

/** What is trained: one network. Its output layer is linear and has one unit a target. */
export interface NetworkShape {
  /** Target signal, or 'autoencoder'. */
  name: string;
  /** Feature indices. */
  inputs: number[];
  /** Feature indices. */
  targets: number[];
  /** First hidden layer first; none for a linear network. */
  hidden: { units: number; activation: 'tanh' | 'relu' }[];
}

export function shapesOf(kind: DetectorKind): NetworkShape[] {
  return kind === 'autoencoder' ? [autoencoder] : virtualSensors;
}

/** Predicts a signal from others and from the past: never from what its own sensor says now. */
function sensor(
  name: SignalName,
  target: FeatureName,
  units: number,
  inputs: readonly FeatureName[],
): NetworkShape {
  return {
    name,
    inputs: inputs.map((input) => featureIndex[input]),
    targets: [featureIndex[target]],
    hidden: units === 0 ? [] : [{ units, activation: 'tanh' }],
  };
}

/** Size and fuel of the engine, which no signal names. */
const engine = ['displacement', 'hasFuelTrim'] as const;

const virtualSensors: NetworkShape[] = [
  sensor('coolantTemperature', 'coolantTemperature', 8, [
    ...engine,
    'hasMotor',
    'warmth',
    'warming',
    'fuelFlow.60s',
    'fuelFlow.240s',
    'speed.60s',
    'speed.240s',
    'engineSpeed.240s',
    'ambientTemperature',
  ]),
  sensor('oilTemperature', 'oilTemperature', 4, [
    ...engine,
    'hasMotor',
    'coolantTemperature.150s',
    'engineSpeed.60s',
    'engineSpeed.240s',
    'speed.240s',
    'fuelFlow.60s',
    'fuelFlow.240s',
  ]),
  sensor('oilPressure', 'log.oilPressure', 8, [
    ...engine,
    'engineSpeed',
    'oilTemperature',
    'coolantTemperature',
  ]),
  sensor('manifoldPressure', 'log.emptiness', 4, [
    ...engine,
    'engineSpeed',
    'throttlePosition',
    'charge',
    'lambda',
  ]),
  sensor('massAirFlow', 'log.fullness', 4, [
    ...engine,
    'engineSpeed',
    'throttlePosition',
    'manifoldPressure',
    'lambda',
  ]),
  sensor('intakeAirTemperature', 'intakeRise', 4, [
    ...engine,
    'slowness.45s',
    'boost.45s',
    'warmth',
    'speed.60s',
  ]),
  sensor('shortTermFuelTrim', 'running.shortTermFuelTrim', 0, ['lambda', 'charge']),
  sensor('longTermFuelTrim', 'longTermFuelTrim', 0, ['hasFuelTrim']),
  sensor('catalystTemperature', 'running.catalystTemperature', 8, [
    ...engine,
    'hasMotor',
    'exhaust.45s',
    'burning.45s',
    'fuelFlow.15s',
    'fuelFlow.60s',
    'fuelFlow.240s',
  ]),
  sensor('batteryVoltage', 'held.batteryVoltage', 4, [
    ...engine,
    'hasMotor',
    'charge',
    'charge.5s',
    'engineSpeed',
    'engineSpeed.15s',
    'lambda',
    'ambientTemperature',
  ]),
  sensor('vibrationRms', 'log.vibrationRms', 4, [...engine, 'engineSpeed', 'charge', 'speed']),
  sensor('vibrationKurtosis', 'vibrationKurtosis', 0, ['engineSpeed']),
];

/** What a car says of itself now, without what only its surroundings say. */
const reconstructed: readonly SignalName[] = [
  'speed',
  'engineSpeed',
  'throttlePosition',
  'manifoldPressure',
  'massAirFlow',
  'intakeAirTemperature',
  'coolantTemperature',
  'oilTemperature',
  'oilPressure',
  'shortTermFuelTrim',
  'longTermFuelTrim',
  'lambda',
  'catalystTemperature',
  'batteryVoltage',
  'batteryCurrent',
  'vibrationRms',
  'vibrationKurtosis',
  'ambientTemperature',
];

const autoencoder: NetworkShape = {
  name: 'autoencoder',
  inputs: reconstructed.map((name) => featureIndex[name]),
  targets: reconstructed.map((name) => featureIndex[name]),
  hidden: [14, 7, 7].map((units) => ({ units, activation: 'tanh' })),
};
