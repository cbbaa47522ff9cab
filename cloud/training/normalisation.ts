import type { Artefact } from '#model/artefact.ts';

/** A spread below this, relative to the mean, is rounding: the feature is constant. */
const leastSpread = 1e-6;

/**
 * Mean and standard deviation of each feature, absent values (NaN) left out. A feature that never varies, or never is
 * there, has scale 1.
 * @param rows [count][width]
 */
export function normalisationOf(rows: Float32Array, count: number, width: number): Artefact['normalisation'] {
  const mean = new Float32Array(width);
  const scale = new Float32Array(width).fill(1);
  for (let feature = 0; feature < width; feature++) {
    let present = 0;
    let sum = 0;
    for (let at = feature; at < count * width; at += width) {
      const value = rows[at]!;
      if (!Number.isFinite(value)) continue;
      present++;
      sum += value;
    }
    if (present === 0) continue;
    const middle = sum / present;
    let squares = 0;
    for (let at = feature; at < count * width; at += width) {
      const value = rows[at]!;
      if (Number.isFinite(value)) squares += (value - middle) ** 2;
    }
    const deviation = Math.sqrt(squares / present);
    mean[feature] = middle;
    if (deviation > leastSpread * Math.max(1, Math.abs(middle))) scale[feature] = deviation;
  }
  return { mean, scale };
}
