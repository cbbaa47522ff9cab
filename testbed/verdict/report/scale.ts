/** Where a value lies on an axis, and which values carry a label. */
export interface Scale {
  /** 0 at the axis' start, 1 at its end; values beyond are held at the ends. */
  at(value: number): number;
  ticks: number[];
}

/** From 0 to a round number at or above `max`. */
export function linearScale(max: number): Scale {
  const step = roundStep(Math.max(max, 1e-9) / 4);
  const steps = Math.max(1, Math.ceil(max / step - 1e-9));
  const end = step * steps;
  return {
    at: (value) => clamped(value / end),
    ticks: Array.from({ length: steps + 1 }, (_, index) => step * index),
  };
}

/** Between round numbers around the values, wherever zero is. */
export function spanScale(min: number, max: number): Scale {
  const step = roundStep(Math.max(max - min, 1e-9) / 4);
  const low = Math.floor(min / step + 1e-9);
  const high = Math.max(low + 1, Math.ceil(max / step - 1e-9));
  return {
    at: (value) => clamped((value / step - low) / (high - low)),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => step * (low + index)),
  };
}

/** Just around the values; labels at powers of ten, and at 2 and 5 where there would be less than three of them. */
export function logScale(min: number, max: number): Scale {
  const low = Math.log10(Math.max(min, 0.01) * 0.7);
  const high = Math.max(low + 1, Math.log10(Math.max(max, 0.01) * 1.4));
  const ticksAt = (factors: readonly number[]): number[] => {
    const decades = Array.from(
      { length: Math.ceil(high) - Math.floor(low) + 1 },
      (_, index) => Math.floor(low) + index,
    );
    return decades
      .flatMap((decade) => factors.map((factor) => Number((factor * 10 ** decade).toPrecision(3))))
      .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  };
  const tens = ticksAt([1]);
  return {
    at: (value) => clamped((Math.log10(Math.max(value, 1e-9)) - low) / (high - low)),
    ticks: tens.length >= 3 ? tens : ticksAt([1, 2, 5]),
  };
}

/** Seconds from `begin` to exactly `end`, with at most `mostTicks` + 1 labels, at round times. */
export function timeScale(end: number, mostTicks: number, begin = 0): Scale {
  const length = Math.max(end - begin, 1);
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400].find(
    (candidate) => length / candidate <= mostTicks,
  );
  const width = step ?? Math.ceil(length / mostTicks / 86_400) * 86_400;
  const first = Math.ceil(begin / width);
  return {
    at: (value) => clamped((value - begin) / length),
    ticks: Array.from(
      { length: Math.floor((begin + length) / width) - first + 1 },
      (_, index) => (first + index) * width,
    ),
  };
}

/** 1, 2, 2.5 or 5 times a power of ten, at or above `rough`. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough - 1e-12) ?? 10;
  return factor * power;
}

function clamped(value: number): number {
  return Math.min(1, Math.max(0, value));
}
