import { setTimeout as delay } from 'node:timers/promises';
import { encodeOrigin, originHeader } from '#contract/origin.ts';
import { truthCodec, type Truth } from '#contract/records.ts';
import { topicName } from '#contract/topics.ts';
import { inWords } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import type { Kafka } from '#wire/kafka.ts';
import { PatientWriter } from '#wire/patient-writer.ts';

/** Who wrote it, in the place where other records name their edge. */
const writer = 'testbed';
const noEpoch = '0'.repeat(16);

/**
 * What really went wrong with which car, as the simulators say it: kept for the score, and written to fleet.truth, which
 * nobody but testbed and evaluation reads.
 */
export class GroundTruth {
  readonly #writer: PatientWriter;
  readonly #topic: string;
  readonly #run: string;
  readonly #log: Log;
  readonly #byKey = new Map<string, Truth>();
  #written = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(kafka: Kafka, options: { run: string; prefix: string; log: Log }) {
    this.#writer = new PatientWriter(kafka, options.log);
    this.#topic = topicName('fleet.truth', options.prefix);
    this.#run = options.run;
    this.#log = options.log;
  }

  /** A Truth record from a simulator; a later one of the same failure says more. */
  take(bytes: Uint8Array): void {
    const value = Buffer.from(bytes);
    const truth = truthCodec.decode(value);
    const key = `${truth.vin}/${truth.failure}`;
    // A simulator that was started again tells the onset again, before it knows as much as before.
    if (truth.detectableAt !== null || !this.#byKey.has(key)) this.#byKey.set(key, truth);
    const number = ++this.#written;
    const origin = encodeOrigin({ run: this.#run, edge: writer, epoch: noEpoch, number, stored: false });
    this.#last = this.#writer
      .write(this.#topic, truth.vin, value, { [originHeader]: origin })
      .catch((error: unknown) =>
        this.#log.warn({ reason: inWords(error) }, 'a truth was not written to Kafka'),
      );
  }

  /** Records that simulators gave. */
  get said(): number {
    return this.#written;
  }

  /** Waits at most this long for Kafka to have all that was said. */
  async flush(timeoutMs: number): Promise<void> {
    await Promise.race([this.#last, delay(timeoutMs, undefined, { ref: false })]);
  }

  /** What is known by now, one for each failure of a car. */
  get truths(): Truth[] {
    return [...this.#byKey.values()];
  }

  /** What Kafka does not have by now is given up. */
  async close(): Promise<void> {
    await this.#writer.close();
  }
}
