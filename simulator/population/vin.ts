// The base locale alone: the package's main entry would load every language (50 MB more a process).
import { faker } from '@faker-js/faker/locale/base';
import { streamSeed } from '../random.ts';

/**
 * VIN of a car, from (seed, index) alone. Seeded with 128 bits: with faker's usual 32, two of 100,000 cars would share
 * a VIN more often than not (birthday bound).
 */
export function vinOf(seed: number, index: number): string {
  faker.seed(streamSeed(seed, index, 'vin').map((word) => word >>> 0));
  return faker.vehicle.vin();
}
