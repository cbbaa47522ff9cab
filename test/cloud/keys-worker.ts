import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { releaseKeys } from '#cloud/keys.ts';

export interface Race {
  /** Holds the numbered folders. */
  dir: string;
  rounds: number;
  workers: number;
  /** One counter: how many have come to a start so far. */
  arrived: Int32Array;
}

/** Makes keys in every folder, at the same moment as the others of the race, and says their ids. */
const { dir, rounds, workers, arrived } = workerData as Race;
const keyIds: string[] = [];
for (let round = 0; round < rounds; round++) {
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < workers * (round + 1));
  keyIds.push(releaseKeys(path.join(dir, String(round))).keyId);
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort, not a window
parentPort?.postMessage(keyIds);
