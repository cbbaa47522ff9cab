import { carBytes, costs, processBytes } from '../sizing.ts';

/** What one process asks of its node. */
export interface Request {
  cores: number;
  memoryBytes: number;
}

export const mebibyte = 1024 * 1024;

/** Processes are planned to be this busy at the scenario's peak, so that what is backed up can be caught up with. */
export const targetUtilisation = 0.6;

/** Cars of one edge or simulator process: below the 17,000 that a process may hold, so that a moved car finds room. */
export const carsPerProcess = 16_000;

type Part = 'simulator' | 'edge' | 'bridge';

/** One JavaScript thread does most of a process's work: more messages a second than a busy core takes need a second process. */
export const messagesPerSecondOf: Record<Part, number> = {
  simulator: messagesOf('simulator'),
  edge: messagesOf('edge'),
  bridge: messagesOf('bridge'),
};

/** Frames that may wait in memory and for the disk (edge-agent/config.ts: outbox.maxWaitingBytes, uplink.memoryBytes). */
const edgeQueueBytes = (256 + 16) * mebibyte;
/** Retained releases and frames that are not committed (bridge/config.ts: downlink.maxReleaseBytes and its edges). */
const bridgeQueueBytes = (256 + 128) * mebibyte;

export function edgeRequest(cars: number, messagesPerSecond: number): Request {
  return {
    cores: coresFor('edge', messagesPerSecond),
    memoryBytes: processBytes.edge + cars * carBytes.edge + edgeQueueBytes,
  };
}

export function bridgeRequest(messagesPerSecond: number): Request {
  return {
    cores: coresFor('bridge', messagesPerSecond),
    memoryBytes: processBytes.bridge + bridgeQueueBytes,
  };
}

export function simulatorRequest(cars: number, messagesPerSecond: number): Request {
  return {
    cores: coresFor('simulator', messagesPerSecond),
    memoryBytes: processBytes.simulator + cars * carBytes.simulator,
  };
}

/** Reads all of the history that it learns from, and holds a sample of it. */
export const trainerRequest: Request = { cores: 1.5, memoryBytes: 3 * 1024 * mebibyte };

function messagesOf(part: Part): number {
  const { idle, message } = costs[part];
  return Math.floor((targetUtilisation - idle) / message);
}

/** In steps of 50 thousandths, as Kubernetes manifests are read by people. */
function coresFor(part: Part, messagesPerSecond: number): number {
  const { idle, message } = costs[part];
  return Math.max(0.1, Math.ceil(((idle + messagesPerSecond * message) / targetUtilisation) * 20) / 20);
}
