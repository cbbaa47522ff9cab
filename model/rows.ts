import type { Artefact } from './artefact.ts';
import { featureCount } from './feature-names.ts';

/** Normalised features are limited to this, so that a day hotter than all in training is only the hottest of them. */
export const inputLimit = 5;

// Of the present call, by input: which feature, its mean, and what its distance from there is multiplied by.
const place = new Int32Array(featureCount);
const middle = new Float64Array(featureCount);
const factor = new Float64Array(featureCount);

/**
 * Picks and normalises a network's inputs: (value - mean) / scale within the limit, 0 for what is absent. Trainer and
 * detector both feed their networks by it.
 * @param rows [count][featureCount]
 * @param features each once
 * @param into [count][features.length], at least
 */
export function normaliseRows(
  rows: Float32Array,
  count: number,
  features: readonly number[],
  { mean, scale }: Artefact['normalisation'],
  into: Float32Array,
): void {
  const width = features.length;
  for (let input = 0; input < width; input++) {
    const feature = features[input]!;
    place[input] = feature;
    middle[input] = mean[feature]!;
    factor[input] = 1 / scale[feature]!;
  }
  let to = 0;
  for (let from = 0; from < count * featureCount; from += featureCount) {
    for (let input = 0; input < width; input++) {
      const value = (rows[from + place[input]!]! - middle[input]!) * factor[input]!;
      // NaN is neither.
      if (value > inputLimit) into[to] = inputLimit;
      else if (value >= -inputLimit) into[to] = value;
      else into[to] = value < -inputLimit ? -inputLimit : 0;
      to++;
    }
  }
}
