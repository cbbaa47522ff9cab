import type { RowGroup } from 'hyparquet';
import type { TelemetryBatch } from '#contract/telemetry.ts';

/** A piece of what is generated, as it crosses from a worker to whoever writes it. */
export interface Block {
  /** In memory of its own, which may be transferred. */
  bytes: Uint8Array<ArrayBuffer>;
  readings: number;
  messages: number;
  /** Of a Parquet file: what its footer says of these bytes, offsets counted from their beginning. */
  rowGroup?: RowGroup;
  /** Of records: key and end of each within the bytes. */
  records?: { keys: string[]; ends: Uint32Array };
}

/** Makes blocks of messages; what it is given is read at once and may be overwritten. */
export interface Encoder {
  add(message: TelemetryBatch): void;
  /** The segment is over: hands on what is left. */
  end(): void;
}

export type OnBlock = (block: Block) => void;

/** What a block of text or records grows to. */
export const blockBytes = 1024 * 1024;
