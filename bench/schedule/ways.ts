import { MessageChannel } from 'node:worker_threads';
import { LogHistogram } from '#runtime/histogram.ts';
import { fleetOf, simulatorConfig } from '#simulator/config.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { phaseMs } from '#simulator/schedule/timetable.ts';
import { Schedule } from '#simulator/schedule/schedule.ts';
import type { FromShard } from '#simulator/shard/messages.ts';
import { runShard } from '#simulator/shard/shard.ts';
import { benchRun, benchSecret } from '../brokers.ts';
import { messageOf } from '../car-messages.ts';
import { kinds } from '../clients/kinds.ts';

/** How far from the intended time messages left, ms, and what driving them cost. */
export interface Precision {
  errorMs: LogHistogram;
  cpuSeconds: number;
}

export interface WayOptions {
  cars: number;
  /** Of a broker, where messages really leave. */
  port: number;
}

export const messageIntervalMs = 5000;
const durationMs = 20_000;
/** As a shard takes its turns. */
const turnMs = 5;
const messagesPerTurn = 300;
const startInMs = 500;

export const ways = { schedule, timers, simulator: simulated, 'mqtt.js': timedClients } as const;
export type WayName = keyof typeof ways;

function configOf(cars: number, port: number): ReturnType<typeof simulatorConfig.parse> {
  return simulatorConfig.parse({
    health: {},
    log: {},
    run: benchRun,
    cars,
    fleet: { interval: messageIntervalMs / 10, readingsPerMessage: 10, qos: 1 },
    stages: [{ for: durationMs, cars }],
    // Of the schedule alone, nobody connects.
    edges: [`127.0.0.1:${port || 1}`],
    fleetSecret: benchSecret,
  });
}

/** The schedule alone: what is due goes nowhere. */
async function schedule({ cars, port }: WayOptions): Promise<Precision> {
  const errorMs = new LogHistogram();
  const zeroMs = performance.now() + startInMs;
  const indices = Array.from({ length: cars }, (_, index) => index);
  const plan = new Schedule(fleetOf(configOf(cars, port)), indices, {
    due: (_slot, dueMs) => errorMs.record(performance.now() - zeroMs - dueMs),
    skip: () => {},
    nears: () => {},
    join: () => {},
    leave: () => {},
  });
  plan.begin(0);
  const cpu = cpuClock();
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      const nowMs = performance.now() - zeroMs;
      const allFired = plan.run(nowMs, messagesPerTurn);
      if (plan.isOver(nowMs)) resolve();
      else if (allFired) setTimeout(turn, turnMs);
      else setImmediate(turn);
    };
    turn();
  });
  return { errorMs, cpuSeconds: cpu() };
}

/** What is usually written: a timer for each car. */
function timers({ cars, port }: WayOptions): Promise<Precision> {
  return onTimers(fleetOf(configOf(cars, port)), () => {});
}

/** A shard of the simulator as it is: cars that drive, with real connections. */
async function simulated({ cars, port }: WayOptions): Promise<Precision> {
  const errorMs = new LogHistogram();
  const { port1, port2 } = new MessageChannel();
  let cpu = cpuClock();
  port1.on('message', (message: FromShard) => {
    if (message.type === 'connected') {
      cpu = cpuClock();
      port1.postMessage({ type: 'start', at: Date.now() + startInMs });
    } else if (message.type === 'report') {
      const { buckets, sumMs, maxMs } = message.scheduleToSend;
      errorMs.merge(LogHistogram.fromBuckets(buckets, sumMs, maxMs));
    }
  });
  await runShard({ config: configOf(cars, port), worker: 0, name: 'simulator-1-1', port: port2 });
  port1.close();
  return { errorMs, cpuSeconds: cpu() };
}

/** mqtt.js clients with a timer each; the message is ready beforehand. */
async function timedClients({ cars, port }: WayOptions): Promise<Precision> {
  const clients = await kinds['mqtt.js']({ port, clients: cars, qos: 1 });
  for (let car = 0; car < cars; car++) await clients.connect(car);
  const payloads = Array.from({ length: cars }, (_, car) => messageOf(car, 1));
  const precision = await onTimers(fleetOf(configOf(cars, port)), (car) => clients.send(car, payloads[car]!));
  await clients.settled();
  await clients.end();
  return precision;
}

/** Car i's message k is meant for phase + k x interval, as the schedule means it. */
async function onTimers(fleet: Fleet, send: (car: number) => void): Promise<Precision> {
  const errorMs = new LogHistogram();
  const zeroMs = performance.now() + startInMs;
  const running: NodeJS.Timeout[] = [];
  const cpu = cpuClock();
  for (let car = 0; car < fleet.cars; car++) {
    const phase = phaseMs(fleet, car);
    let message = 0;
    const due = (): void => {
      const dueMs = phase + message++ * messageIntervalMs;
      if (dueMs >= durationMs) return;
      send(car);
      errorMs.record(Math.abs(performance.now() - zeroMs - dueMs));
    };
    running[car] = setTimeout(
      () => {
        due();
        running[car] = setInterval(due, messageIntervalMs);
      },
      Math.max(1, zeroMs + phase - performance.now()),
    );
  }
  await new Promise((resolve) => setTimeout(resolve, startInMs + durationMs + 1000));
  for (const timer of running) clearInterval(timer);
  return { errorMs, cpuSeconds: cpu() };
}

function cpuClock(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
}
