import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { startSomeBroker } from './brokers.ts';
import type { FromMeasure } from './schedule/measure.ts';
import { messageIntervalMs, type WayName } from './schedule/ways.ts';

/**
 * How far from its intended time a message leaves, and what it costs to drive the cars: the schedule beside a generator with
 * a timer (setInterval) for each car. Of the schedule alone, what is due going nowhere; and with real connections: the
 * simulator's shard, whose cars drive, beside mqtt.js clients that send a message made beforehand. Each in a process of its own.
 *
 *     npm run bench:schedule [-- --cars 1000,10000,100000 --connected 1000]
 */
const { values } = parseArgs({
  options: {
    cars: { type: 'string', default: '1000,10000,100000' },
    connected: { type: 'string', default: '1000' },
  },
});
const write = (text: string): boolean => process.stdout.write(`${text}\n`);

write(`a message every ${messageIntervalMs / 1000} s from each car\n`);
write('                                  error: p50        p99        max    messages   CPU-s per 1,000');
for (const cars of values.cars.split(',').map(Number)) {
  await row('schedule', `schedule, ${cars} cars`, cars, 0);
  await row('timers', `setInterval, ${cars} cars`, cars, 0);
}
const broker = await startSomeBroker();
try {
  const cars = Number(values.connected);
  await row('simulator', `simulator, ${cars} at ${broker.name}`, cars, broker.port);
  await row('mqtt.js', `setInterval, mqtt.js, ${cars}`, cars, broker.port);
} finally {
  await broker.stop();
}

async function row(way: WayName, name: string, cars: number, port: number): Promise<void> {
  const { p50, p99, max, messages, cpuSeconds } = await measured(way, cars, port);
  const times = [p50, p99, max].map((ms) => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`.padStart(11)).join('');
  const cost = ((cpuSeconds / messages) * 1000).toFixed(4);
  write(`  ${name.padEnd(32)}${times}${messages.toLocaleString('en').padStart(12)}${cost.padStart(18)}`);
}

function measured(way: WayName, cars: number, port: number): Promise<FromMeasure> {
  const child = fork(new URL('schedule/measure.ts', import.meta.url), [JSON.stringify({ way, cars, port })]);
  return new Promise((resolve, reject) => {
    let said: FromMeasure | undefined;
    child.once('message', (message: FromMeasure) => (said = message));
    child.once('error', reject);
    child.once('close', (code) => {
      if (said) resolve(said);
      else reject(new Error(`${way}: the process ended with ${code}`));
    });
  });
}
