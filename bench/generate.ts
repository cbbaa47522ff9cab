import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { messagesOf } from '#simulator/generate/car-messages.ts';
import { formats } from '#simulator/generate/plan.ts';
import { encoderOf } from '#simulator/generate/worker.ts';

/**
 * What `fleetbed generate` costs a worker: readings per CPU-second by format, lived and encoded, beside encoding alone (the same
 * messages again and again) and beside living alone. One thread, nothing is written; CPU time, so that neighbours do little.
 *
 *     npm run bench:generate [-- cars]
 */
const cars = Number(process.argv[2] ?? 20);
const leastSeconds = 3;
const messagesAnHour = cars * 360;
/** Few enough for the processor's cache, where a worker's one message lies too. */
const keptMessages = 200;

type Count = (readings: number, bytes: number) => void;

const fleet: Fleet = {
  seed: 1,
  cars,
  profiles: { petrol: 0.5, turbo: 0.25, diesel: 0.15, hybrid: 0.1 },
  intervalMs: 1000,
  readingsPerMessage: 10,
  speedup: 1,
  start: 'mixed',
  simStartMs: Date.UTC(2026, 0, 5, 8),
  stages: [{ forMs: 3_600_000, cars }],
};
const indices = Array.from({ length: cars }, (_, index) => index);
const kept: TelemetryBatch[] = [];
for (const message of messagesOf(fleet, indices, [])) {
  kept.push({ ...message, columns: message.columns.map((column) => column.slice()) });
  if (kept.length === keptMessages) break;
}

const write = (text: string): boolean => process.stdout.write(`${text}\n`);
const lived = perSecond((count) => {
  for (const { columns } of messagesOf(fleet, indices, [])) count(columns[0]!.length, 0);
});
write(`${cars} cars of an hour, 10 readings a message, a thread; readings per CPU-second`);
write(`  lived alone  ${shown(lived.rate)}\n`);
write('              generated   encoding alone   share of encoding   bytes a reading');
for (const format of formats) {
  let counted: Count = () => {};
  const encoder = encoderOf({ fleet, format }, ({ bytes, readings }) => counted(readings, bytes.length));
  const encode = (messages: Iterable<TelemetryBatch>, count: Count): void => {
    counted = count;
    for (const message of messages) encoder.add(message);
    encoder.end();
  };
  const whole = perSecond((count) => encode(messagesOf(fleet, indices, []), count));
  const encoded = perSecond((count) => encode(again(kept, messagesAnHour), count));
  const share = `${Math.round((100 * whole.rate) / encoded.rate)} %`.padStart(20);
  const size = whole.bytesAReading.toFixed(1).padStart(18);
  write(`  ${format.padEnd(9)}  ${shown(whole.rate)}  ${shown(encoded.rate)}  ${share}${size}`);
}

/** So many messages: these, again and again. */
function* again(messages: readonly TelemetryBatch[], count: number): Generator<TelemetryBatch> {
  for (let place = 0; place < count; place++) yield messages[place % messages.length]!;
}

function perSecond(round: (count: Count) => void): {
  rate: number;
  bytesAReading: number;
} {
  round(() => {});
  let readings = 0;
  let bytes = 0;
  const began = process.cpuUsage();
  let seconds = 0;
  do {
    round((more, moreBytes) => {
      readings += more;
      bytes += moreBytes;
    });
    const { user, system } = process.cpuUsage(began);
    seconds = (user + system) / 1e6;
  } while (seconds < leastSeconds);
  return { rate: readings / seconds, bytesAReading: bytes / readings };
}

function shown(value: number): string {
  return Math.round(value).toLocaleString('en').padStart(12);
}
