import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { LogHistogram } from '#runtime/histogram.ts';
import type { RunFeed } from '../verdict/kafka-feed.ts';
import { secondQuantiles, type SecondQuantiles, type SecondSample } from '../verdict/second.ts';
import { GeneratorWatch } from '../verdict/validity.ts';
import { MemorySlopes } from './memory-slope.ts';
import type { ResourceMeter } from './resources.ts';
import type { Scraper } from './scrape.ts';
import type { Part } from './supervised.ts';

export interface CollectorOptions {
  scraper: Scraper;
  meter: ResourceMeter;
  feed: RunFeed;
  simulators: readonly string[];
  /** Seconds, since the schedule's zero, in which the timeline had its hands on a simulator. */
  simulatorFaults: () => { from: number; to: number }[];
  parts: readonly Part[];
  scheduleSeconds: number;
  /** metrics.ndjson */
  file: string;
  onSample: (sample: SecondSample) => void;
}

/** Once a second: what every part says of itself, what came out in Kafka, what it cost; a line in metrics.ndjson. */
export class Collector {
  readonly watch = new GeneratorWatch();
  readonly memory: MemorySlopes;
  connectedPeak = 0;
  /** ms since 1970: the schedule's zero, once it is known. */
  startedAt: number | undefined;
  readonly #options: CollectorOptions;
  readonly #lines: WriteStream;
  readonly #before = new Map<string, LogHistogram>();
  #counted = { sent: 0, acked: 0, late: 0, at: Date.now() };
  readonly #unwritten: { sample: SecondSample; at: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #busy: Promise<void> = Promise.resolve();

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.memory = new MemorySlopes(options.scheduleSeconds);
    this.#lines = createWriteStream(options.file);
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#busy = this.#busy.then(() => this.#second());
    }, 1000);
  }

  /** Seconds before the schedule's zero count backwards from it, so they wait until it is known. */
  #write(startedAt: number): void {
    for (const { sample, at } of this.#unwritten.splice(0)) {
      sample.t = secondsBetween(startedAt, at);
      this.#lines.write(`${JSON.stringify(sample)}\n`);
    }
  }

  /** One last sample, so that what the parts counted to their end is known. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await this.#busy;
    await this.#second();
    this.#write(this.startedAt ?? Date.now());
    await new Promise<void>((resolve) => this.#lines.end(resolve));
  }

  /** What it has written, once it has finished: a run's seconds wait on disk, so that a long run takes no more memory. */
  async samples(): Promise<SecondSample[]> {
    const lines = (await readFile(this.#options.file, 'utf8')).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SecondSample);
  }

  async #second(): Promise<void> {
    const { scraper, meter, feed, parts } = this.#options;
    await scraper.scrape();
    const pids = new Map(parts.map((part) => [part.name, part.pid]));
    // The ledger works in this process, and what the way costs includes it.
    pids.set('testbed', process.pid);
    const rssBytesByProcess = meter.sample(pids);
    const now = Date.now();
    const seconds = Math.max(0.001, (now - this.#counted.at) / 1000);
    const sent = scraper.counter('fleetbed_messages_sent_total');
    const acked = scraper.counter('fleetbed_messages_acked_total');
    const late = scraper.counter('fleetbed_messages_late_total', { cause: 'generator' });
    const inKafka = feed.perSecond();
    const lag = feed.lag();
    const cars = scraper.gauge('fleetbed_cars_connected');
    const sample: SecondSample = {
      t: this.startedAt === undefined ? -1 : secondsBetween(this.startedAt, now),
      cars,
      sentPerSecond: Math.max(0, Math.round((sent - this.#counted.sent) / seconds)),
      ackedPerSecond: Math.max(0, Math.round((acked - this.#counted.acked) / seconds)),
      storedPerSecond: Math.round(inKafka.stored / seconds),
      carToKafkaMs: secondQuantiles(inKafka.carToKafkaMs),
      backfillMs: secondQuantiles(inKafka.backfillMs),
      carToEdgeMs: this.#sinceLast('fleetbed_car_to_edge_ms'),
      scheduleToSendMs: this.#sinceLast('fleetbed_schedule_to_send_ms'),
      outboxFrames: scraper.gauge('fleetbed_outbox_frames'),
      outboxBytes: scraper.gauge('fleetbed_outbox_bytes'),
      bridgePendingBytes: scraper.gauge('fleetbed_bridge_pending_bytes'),
      ledgerLagRecords: lag.records,
      ledgerLagMs: lag.waitedMs,
      openTransactionRecords: lag.openTransactionRecords,
      rssBytes: meter.rssBytes,
      rssBytesByProcess,
      cpuBusyRatio: Math.round(meter.cpuBusyRatio * 1000) / 1000,
      cpuSeconds: meter.cpuSeconds(),
    };
    if (this.startedAt !== undefined) {
      this.#judge(sample.t, sent - this.#counted.sent, late - this.#counted.late);
      for (const [name, bytes] of Object.entries(rssBytesByProcess))
        this.memory.take(sample.t, name, pids.get(name), bytes);
    }
    this.#counted = { sent, acked, late, at: now };
    this.connectedPeak = Math.max(this.connectedPeak, cars);
    this.#unwritten.push({ sample, at: now });
    if (this.startedAt !== undefined) this.#write(this.startedAt);
    this.#options.onSample(sample);
  }

  #judge(t: number, sent: number, lateByGenerator: number): void {
    const { scraper, meter, simulators, simulatorFaults } = this.#options;
    const delays = simulators.map((name): [string, number] => [
      name,
      scraper.gaugeOf(name, 'fleetbed_event_loop_delay_p99_ms') ?? 0,
    ]);
    this.watch.second(
      {
        t,
        sent,
        lateByGenerator,
        eventLoopDelayP99Ms: new Map(delays),
        cpuBusyRatio: meter.cpuBusyRatio,
      },
      simulatorFaults(),
    );
  }

  /** What came to a cumulative histogram within this second. */
  #sinceLast(name: string): SecondQuantiles {
    const now = this.#options.scraper.histogram(name);
    const before = this.#before.get(name);
    this.#before.set(name, now);
    return secondQuantiles(before ? now.since(before) : now);
  }
}

/** In tenths: finer ones would pretend that a scrape has a moment. */
function secondsBetween(fromMs: number, toMs: number): number {
  return Math.round((toMs - fromMs) / 100) / 10;
}
