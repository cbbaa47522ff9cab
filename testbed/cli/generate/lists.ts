import { kindOf } from '#contract/failures.ts';
import { signalNames, type SignalName } from '#contract/signals.ts';
import { nearestWord } from '#runtime/config.ts';
import { failureIds } from '#simulator/failures/failures.ts';
import type { FleetFailure } from '#simulator/fleet.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { howMany } from '../../scenario/fails.ts';
import { carsOrShare } from '../../scenario/values.ts';
import { complaint, parsed, unknownWord, wrong } from './wrong.ts';

/** "petrol:0.5,turbo:0.5" */
export function readProfiles(text: string): Record<string, number> {
  const shares: Record<string, number> = {};
  const known = [...profiles.keys()];
  for (const [name, written] of pairs('--profiles', text, 'petrol:0.5')) {
    if (!profiles.has(name)) {
      throw complaint('--profiles', `expected ${known.join(', ')}`, name, nearestWord(name, known));
    }
    if (Object.hasOwn(shares, name)) throw wrong(`--profiles: ${name} is given twice`);
    const share = Number(written);
    if (!/^\d*\.?\d+$/.test(written) || share <= 0) {
      throw complaint(`--profiles: ${name}`, 'expected a share such as 0.5', written);
    }
    shares[name] = share;
  }
  return shares;
}

const ordinarySensor = 'coolantTemperature';

/** "coolant-loss:2%,misfire:20,sensor-stuck/massAirFlow:1%", which may be given again */
export function readFailures(
  texts: readonly string[],
  allCars: number,
): Pick<FleetFailure, 'failure' | 'cars' | 'sensor'>[] {
  return texts.flatMap((text) =>
    pairs('--failures', text, 'coolant-loss:2%').map(([what, written]) => {
      const [id = '', sensor, ...more] = what.split('/');
      const failure = failureIds.find((each) => each === id);
      if (failure === undefined) {
        throw unknownWord('--failures', 'a failure', id, failureIds);
      }
      if (more.length > 0) throw complaint('--failures', 'expected one sensor', what);
      const share = parsed(
        `--failures: ${what}`,
        /^\d+$/.test(written) ? Number(written) : written,
        carsOrShare,
      );
      return { failure, sensor: sensorOf(failure, sensor), cars: howMany(share, allCars) };
    }),
  );
}

function sensorOf(failure: string, sensor: string | undefined): SignalName {
  if (sensor === undefined) return ordinarySensor;
  if (kindOf(failure) !== 'sensor') {
    throw complaint(
      '--failures',
      'expected a sensor with a sensor’s fault such as sensor-stuck alone',
      `${failure}/${sensor}`,
    );
  }
  const signal = signalNames.find((each) => each === sensor);
  if (signal !== undefined) return signal;
  throw unknownWord(`--failures: ${failure}`, 'a sensor', sensor, signalNames);
}

function pairs(option: string, text: string, example: string): [name: string, value: string][] {
  return text.split(',').map((pair) => {
    const [name = '', value = '', ...more] = pair.trim().split(':');
    if (name !== '' && value !== '' && more.length === 0) return [name, value];
    throw complaint(option, `expected pairs such as ${example}`, pair === '' ? 'nothing' : pair);
  });
}
