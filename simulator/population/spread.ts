import { Build, homes } from './build.ts';

/** How cars are spread over edges: as many to each, by weights (one an edge), or by where they live. */
export type Spread = 'even' | 'region' | readonly number[];

/**
 * Which edge a car belongs to, by its place in the list. It hangs on (seed, index, spread, edges) alone: every process finds
 * the same, and a car stays with its edge.
 */
export function edgesOfCars(spread: Spread, edges: number, seed: number): (index: number) => number {
  if (spread === 'even') return (index) => index % edges;
  if (spread === 'region') return (index) => regionOf(seed, index, edges);
  return weighted(spread);
}

/** Bands of latitude of the same height, the southernmost first. */
function regionOf(seed: number, index: number, edges: number): number {
  const build = new Build();
  build.draw(seed, index);
  const share = (build.latitude - homes.south) / (homes.north - homes.south);
  return Math.min(edges - 1, Math.floor(share * edges));
}

/**
 * Fibonacci hashing: multiples of the golden ratio fall evenly between 0 and 1, so the first n cars are spread by the weights
 * to within a few, for every n (Knuth, TAOCP 3, 6.4). A fleet that grows keeps the shares.
 */
function weighted(weights: readonly number[]): (index: number) => number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  let end = 0;
  const ends = weights.map((weight) => (end += weight) / sum);
  return (index) => {
    const place = (Math.imul(index, 0x9e3779b9) >>> 0) / 2 ** 32;
    const edge = ends.findIndex((one) => place < one);
    // Rounding may leave the last end just below 1.
    return edge < 0 ? weights.length - 1 : edge;
  };
}
