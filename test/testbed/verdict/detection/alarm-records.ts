import { edgeStateCodec, type EdgeState, type Prediction, type Truth } from '#contract/records.ts';

/** Records as edges and simulators write them, for the tests of what is made of them. */

export function raised(vin: string, simTime: number, more: Partial<Prediction> = {}): Prediction {
  return {
    vin,
    session: 1,
    seq: 1,
    reading: 0,
    simTime,
    at: simTime,
    scoredBy: 'edge',
    edge: 'edge-1',
    release: 'r1-a',
    score: 1.5,
    alarm: 'raised',
    signal: 'coolantTemperature',
    dtc: 'P0217',
    cause: 'engine',
    predictionSeq: 1,
    ...more,
  };
}

export function state(
  edge: string,
  running: string | null,
  at: number,
  more: Partial<EdgeState> = {},
): Buffer {
  return edgeStateCodec.encode({
    edge,
    connection: 1,
    online: true,
    running,
    previous: null,
    shadow: null,
    cars: 1,
    outboxFrames: 0,
    outboxBytes: 0,
    inferenceP99Us: 0,
    alarmsPerSecond: 0,
    refusals: {},
    at,
    ...more,
  });
}

/** An engine failure whose simulated clock goes as the wall's does. */
export function truth(vin: string, onset: number, failureAt: number, more: Partial<Truth> = {}): Truth {
  return {
    vin,
    failure: 'coolant-loss',
    dtc: 'P0217',
    kind: 'engine',
    severity: 0.7,
    onsetSim: onset,
    detectableAtSim: onset + 1,
    failureAtSim: failureAt,
    onset,
    detectableAt: onset + 1,
    failureAt,
    ...more,
  };
}
