import { count, plural } from '../verdict/figures.ts';
import { fellBehindMs, type SecondSample } from '../verdict/second.ts';
import type { Fault } from './timeline/action.ts';

/**
 * What a run says while it works: on a terminal one line that is drawn again every second, otherwise a plain line every
 * ten seconds and whenever something happens.
 */
export class Status {
  readonly #out: NodeJS.WriteStream;
  readonly #live: boolean;
  #lastPlainAt = Number.NEGATIVE_INFINITY;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#live = out.isTTY;
  }

  /** What is going on at this moment; it gives way to whatever comes next. */
  doing(text: string): void {
    if (this.#live) this.#draw(text);
    else this.#out.write(`${text}\n`);
  }

  second(sample: SecondSample, totalSeconds: number, faults: readonly Fault[]): void {
    const line = statusLine(sample, totalSeconds, faults);
    if (this.#live) {
      this.#draw(line);
    } else if (sample.t - this.#lastPlainAt >= 10) {
      this.#lastPlainAt = sample.t;
      this.#out.write(`${line}\n`);
    }
  }

  clear(): void {
    if (this.#live) this.#out.write('\r\u001b[2K');
  }

  #draw(text: string): void {
    const width = this.#out.columns || 100;
    this.#out.write(`\r\u001b[2K${text.length < width ? text : `${text.slice(0, width - 2)}…`}`);
  }
}

export function statusLine(sample: SecondSample, totalSeconds: number, faults: readonly Fault[]): string {
  const parts = [
    stage(sample.t, totalSeconds),
    ...faults.map((fault) => `${fault.kind} ${fault.target}`),
    `${count(sample.cars)} cars`,
    `${count(sample.sentPerSecond)}/s sent`,
    `${count(sample.storedPerSecond)}/s in Kafka`,
  ];
  const latency = sample.carToKafkaMs ?? sample.backfillMs;
  if (latency) parts.push(`p99 ${Math.round(latency.p99)} ms`);
  if (sample.ledgerLagMs > fellBehindMs)
    parts.push(`ledger ${count(sample.ledgerLagRecords)} records behind`);
  if (sample.outboxFrames > 0) parts.push(`${plural(sample.outboxFrames, 'frame')} waiting`);
  return parts.join(' · ');
}

function stage(t: number, totalSeconds: number): string {
  if (t < 0) return 'connecting';
  return t > totalSeconds ? 'finishing' : `${t.toFixed(0)}/${totalSeconds.toFixed(0)} s`;
}
