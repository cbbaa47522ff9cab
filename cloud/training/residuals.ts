/** Of a normal distribution: standard deviation / median absolute deviation, and half the span of its middle 90 %. */
const deviationByMad = 1.4826;
const halfSpan90 = 1.645;
/** Scales below this would make a finding of rounding errors. */
const leastScale = 1e-3;

/**
 * Where residuals lie and how far they spread, whatever the few per cent of failing cars among them do: the median, and
 * the larger of what the median absolute deviation and the middle 90 % say.
 * @param residuals without NaN; sorted in place
 */
export function robustStatistics(residuals: Float32Array): { mean: number; scale: number } {
  if (residuals.length === 0) return { mean: 0, scale: 1 };
  residuals.sort();
  const mean = quantileOf(residuals, 0.5);
  const tails = (quantileOf(residuals, 0.95) - quantileOf(residuals, 0.05)) / (2 * halfSpan90);
  const deviations = residuals.map((residual) => Math.abs(residual - mean)).sort();
  const scale = Math.max(quantileOf(deviations, 0.5) * deviationByMad, tails, leastScale);
  return { mean, scale };
}

/** @param sorted ascending, at least one */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
