import { maxCarsPerProcess } from '../sizing.ts';
import type { Scenario } from './scenario.ts';
import { largestStageCars } from './stages.ts';

/** The processes that a scenario needs, by the names that its timeline and its results know them by. */
export function processNames(scenario: Pick<Scenario, 'edges' | 'bridges' | 'stages'>): {
  simulators: string[];
  edges: string[];
  bridges: string[];
} {
  const names = (kind: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);
  return {
    simulators: names('simulator', Math.ceil(largestStageCars(scenario.stages) / maxCarsPerProcess)),
    edges: names('edge', scenario.edges.count),
    bridges: scenario.bridges.count === 1 ? ['bridge'] : names('bridge', scenario.bridges.count),
  };
}
