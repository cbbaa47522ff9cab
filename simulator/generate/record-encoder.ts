import { maxTelemetryBytes, writeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import type { Encoder, OnBlock } from './block.ts';

/** Kafka takes a megabyte in one batch of a partition; a block is sent as one, and is of one or a few cars. */
const recordsBytes = 512 * 1024;

/** TelemetryBatch records as a car sends them, one behind the other. */
export class RecordEncoder implements Encoder {
  readonly #onBlock: OnBlock;
  readonly #capacity: number;
  #bytes: Buffer<ArrayBuffer>;
  #at = 0;
  #readings = 0;
  #keys: string[] = [];
  #ends: number[] = [];

  constructor(readingsPerMessage: number, onBlock: OnBlock) {
    this.#onBlock = onBlock;
    this.#capacity = recordsBytes + maxTelemetryBytes(readingsPerMessage);
    this.#bytes = this.#empty();
  }

  add(message: TelemetryBatch): void {
    this.#at = writeTelemetry(this.#bytes, this.#at, message);
    this.#keys.push(message.vin);
    this.#ends.push(this.#at);
    this.#readings += message.columns[0]?.length ?? 0;
    if (this.#at >= recordsBytes) this.end();
  }

  end(): void {
    if (this.#at === 0) return;
    const bytes = new Uint8Array(this.#bytes.buffer, 0, this.#at);
    const [keys, ends, readings] = [this.#keys, Uint32Array.from(this.#ends), this.#readings];
    this.#bytes = this.#empty();
    this.#at = this.#readings = 0;
    this.#keys = [];
    this.#ends = [];
    this.#onBlock({ bytes, readings, messages: keys.length, records: { keys, ends } });
  }

  #empty(): Buffer<ArrayBuffer> {
    return Buffer.from(new ArrayBuffer(this.#capacity));
  }
}
