import { signalIndex, signalNames, type SignalName } from '#contract/signals.ts';
import { featureIndex, featureNames, type FeatureName } from './feature-names.ts';

/** Means over so many seconds, and the heat balance. */
const past = /\.\d+s$|^warm/;

/** Fuel is what the air meter and the lambda sensor say. */
const fuel = ['massAirFlow', 'lambda'] as const;

/**
 * The sensors that must speak for a feature to be what it was when a network learnt of it. An engine's size is known from
 * the car's past, so it is only asked whether it is known; fuel trims a car has or has not.
 */
const derivedFrom: Partial<Record<FeatureName, readonly SignalName[]>> = {
  charge: ['massAirFlow', 'engineSpeed'],
  'charge.5s': ['massAirFlow', 'engineSpeed'],
  boost: ['manifoldPressure'],
  'boost.45s': ['manifoldPressure'],
  fuelFlow: fuel,
  'fuelFlow.15s': fuel,
  'fuelFlow.60s': fuel,
  'fuelFlow.240s': fuel,
  'speed.60s': ['speed'],
  'speed.240s': ['speed'],
  slowness: ['speed'],
  'slowness.45s': ['speed'],
  'engineSpeed.15s': ['engineSpeed'],
  'engineSpeed.60s': ['engineSpeed'],
  'engineSpeed.240s': ['engineSpeed'],
  'exhaust.45s': [...fuel, 'engineSpeed'],
  'burning.45s': [...fuel, 'engineSpeed'],
  'coolantTemperature.150s': ['coolantTemperature'],
  warmth: [...fuel, 'engineSpeed', 'coolantTemperature'],
  warming: [...fuel, 'engineSpeed', 'coolantTemperature'],
};

/** What a network's inputs are made of. */
export interface Sources {
  /** Signals without which it is not asked, as the feature `absent` has them: the sum of 2 ** their index. */
  signals: number;
  /** It also needs the engine's size. */
  needsSize: boolean;
  /** Some of it is of the past: what was absent a while ago is still missing in it. */
  remembers: boolean;
}

/** All signals but those that were never there when the network learnt: it does without them. */
export function sourcesOf(
  inputs: readonly number[],
  { mean, scale }: { mean: Float32Array; scale: Float32Array },
): Sources {
  const names = inputs.map((input) => featureNames[input]);
  const wasThere = (feature: number): boolean => mean[feature] !== 0 || scale[feature] !== 1;
  const asked = new Set<number>();
  for (const name of names) {
    const own = signalNames.find((signal) => signal === name);
    const sources = own ? [own] : ((name && derivedFrom[name]) ?? []);
    for (const source of sources) if (wasThere(signalIndex[source])) asked.add(signalIndex[source]);
  }
  return {
    signals: [...asked].reduce((sum, signal) => sum + 2 ** signal, 0),
    needsSize: names.includes('displacement') && wasThere(featureIndex.displacement),
    remembers: names.some((name) => name !== undefined && past.test(name)),
  };
}
