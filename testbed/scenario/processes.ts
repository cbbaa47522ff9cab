import { maxCarsPerProcess, simulatorsFor, sizingOf, type Limits, type Sizing } from '../sizing.ts';
import { linksOf, messageIntervalMs, type Scenario } from './scenario.ts';
import { largestStageCars, scheduleMs } from './stages.ts';

/** The processes that a scenario needs, by the names that its timeline and its results know them by. */
export function processNames(scenario: Pick<Scenario, 'edges' | 'bridges' | 'stages' | 'simulators'>): {
  simulators: string[];
  edges: string[];
  bridges: string[];
} {
  const names = (kind: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);
  const simulators =
    scenario.simulators?.count ??
    simulatorsFor(largestStageCars(scenario.stages), { carsPerProcess: maxCarsPerProcess });
  return {
    simulators: names('simulator', simulators),
    edges: names('edge', scenario.edges.count),
    bridges: scenario.bridges.count === 1 ? ['bridge'] : names('bridge', scenario.bridges.count),
  };
}

/** What a scenario's processes need of a machine with such limits. */
export function sizingFor(scenario: Scenario, limits: Limits, kafkaGiven = false): Sizing {
  const names = processNames(scenario);
  return sizingOf(
    {
      cars: largestStageCars(scenario.stages),
      simulators: names.simulators.length,
      edges: names.edges.length,
      spread: scenario.edges.spread,
      bridges: names.bridges.length,
      trains: scenario.training !== undefined,
      kafkaGiven,
      readingsPerMessage: scenario.fleet.readingsPerMessage,
      messageIntervalMs: messageIntervalMs(scenario),
      sendEveryMs: scenario.fleet.sendEveryMs,
      qos: scenario.fleet.qos,
      durationMs: scheduleMs(scenario.stages),
      carsMeetProxies: scenario.timeline.some((entry) => linksOf(entry).some(({ from }) => from === 'cars')),
    },
    limits,
  );
}
