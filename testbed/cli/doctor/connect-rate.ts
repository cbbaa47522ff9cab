import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { CarConnections } from '#simulator/connection/car-connections.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { ShardCounts } from '#simulator/shard/counts.ts';
import { inWords } from '#runtime/errors.ts';
import { descriptorLimits } from '../../run/machine-limits.ts';
import type { Sizing } from '../../sizing.ts';
import { ok, type Finding } from './finding.ts';

const mostCars = 3000;
/** Until both sides have warmed up. */
const warmUpShare = 0.4;
const ownDescriptors = 200;
const atOnce = 100;
/** Of what was measured: the rest of a run has work to do meanwhile. */
const sure = 0.7;
const timeoutMs = 15_000;

/**
 * Connections a second that one simulator thread and one edge make here: real cars' MQTT connections to a real broker in a
 * process of its own, over loopback, as fast as they can. Takes some seconds; on a busy machine what was seen in 15 s counts.
 * @throws Error when the broker does not come up, or cars do not connect
 */
export async function measureConnectRate(): Promise<number> {
  const fleetSecret = randomBytes(24).toString('hex');
  const server = fork(new URL('connect-server.ts', import.meta.url), [fleetSecret], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const gone = once(server, 'exit');
  try {
    const deadline = AbortSignal.timeout(timeoutMs);
    const [said] = (await Promise.race([
      once(server, 'message', { signal: deadline }),
      gone.then(() => Promise.reject(new Error('the broker for it did not start'))),
    ])) as [{ port: number }];
    return await connectAll(said.port, fleetSecret, deadline);
  } finally {
    server.kill('SIGKILL');
    await gone;
  }
}

async function connectAll(port: number, fleetSecret: string, deadline: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  deadline.addEventListener('abort', () => {
    if (warmAtMs > 0) resolve();
    else reject(new Error('the cars did not connect in time'));
  });
  const cars = Math.max(10, Math.min(mostCars, descriptorLimits().hard - ownDescriptors));
  const warmUpCars = Math.round(cars * warmUpShare);
  let next = 0;
  let warmAtMs = 0;
  const go = (): void => {
    if (connections.connected === warmUpCars && warmAtMs === 0) warmAtMs = performance.now();
    if (connections.connected === cars) resolve();
    while (next < cars && connections.openingAt(0) < atOnce) connections.open(next++);
  };
  const connections = new CarConnections(
    {
      run: 'doctor',
      vins: Array.from({ length: cars }, (_, index) => vinOf(1, index)),
      edges: [{ host: '127.0.0.1', ports: [port] }],
      edgeOf: Array.from({ length: cars }, () => 0),
      fleetSecret,
      tls: undefined,
      keepAliveSeconds: 60,
      inFlightLimit: 1,
      qos: 1,
      counts: new ShardCounts(),
      random: Math.random,
    },
    { onRoom: go, onAck: () => undefined, onClosed: go },
  );
  go();
  try {
    await promise;
    return ((connections.connected - warmUpCars) * 1000) / (performance.now() - warmAtMs);
  } finally {
    await connections.endAll();
  }
}

/** What a run may ask of this machine: as many pairs of a simulator and an edge work at once as there are cores for. */
export function sureRate(measuredPerSecond: number, cores: number, sizing: Sizing): number {
  const count = (kind: string): number => sizing.processes.find((one) => one.kind === kind)?.count ?? 1;
  const pairs = Math.max(1, Math.min(Math.floor(cores / 2), count('simulator'), count('edge')));
  const rate = measuredPerSecond * pairs * sure;
  return rate >= 1000 ? Math.floor(rate / 100) * 100 : Math.max(1, Math.floor(rate / 10) * 10);
}

/** @param askedPerSecond connect.rate */
export function connectRateFinding(rate: number, askedPerSecond: number, firstCars: number): Finding {
  const subject = 'Connect rate';
  const asked = askedPerSecond.toLocaleString('en');
  const found = `up to ${rate.toLocaleString('en')}/s here, for ${asked}/s`;
  if (rate >= askedPerSecond) return ok(subject, found);
  const seconds = (perSecond: number): string => `${Math.ceil(firstCars / perSecond)} s`;
  return {
    subject,
    state: 'warns',
    found,
    consequence: `the first ${firstCars.toLocaleString('en')} cars connect as fast as they can, in about ${seconds(rate)} instead of ${seconds(askedPerSecond)}; the run says so`,
    fix: `--set connect.rate=${rate}/s`,
  };
}

/** Measured, or why it could not be. */
export async function lookAtConnectRate(
  sizing: Sizing,
  cores: number,
  askedPerSecond: number,
  firstCars: number,
): Promise<Finding> {
  try {
    const rate = sureRate(await measureConnectRate(), cores, sizing);
    return connectRateFinding(rate, askedPerSecond, firstCars);
  } catch (error) {
    return {
      subject: 'Connect rate',
      state: 'warns',
      found: `not measured: ${inWords(error)}`,
      consequence: 'whether connect.rate can be kept is not known',
      fix: 'fleetbed doctor once more, with less beside it',
    };
  }
}
