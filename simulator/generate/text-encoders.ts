import { signalNames } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { Encoder, OnBlock } from './block.ts';
import { signalWords } from './float-texts.ts';
import { TextBlock } from './text-block.ts';

const comma = 44;
const newline = 10;
/** Upper bounds, bytes: what stands before the signals, and a signal's number with its comma. */
const headBytes = 200;
const signalBytes = 17;

export const csvHeader = `vin,session,seq,reading,scheduledAt,simTime,${signalNames.join(',')}\n`;

const csvWords = signalWords(
  signalNames.map(() => ','),
  '',
);

/** A row a reading, times in ISO 8601, nothing where a signal is missing (RFC 4180, but with line feeds alone). */
export class CsvEncoder implements Encoder {
  readonly #out: TextBlock;

  constructor(readingsPerMessage: number, onBlock: OnBlock) {
    const row = headBytes + signalNames.length * signalBytes;
    this.#out = new TextBlock(readingsPerMessage * row, csvWords, onBlock);
  }

  add({ vin, session, seq, scheduledAt, simTime, intervalMs, columns }: TelemetryBatch): void {
    const out = this.#out;
    const readings = columns[0]?.length ?? 0;
    const head = Buffer.from(`${vin},${session},${seq},`, 'latin1');
    for (let reading = 0; reading < readings; reading++) {
      out.ascii(head);
      out.whole(reading);
      out.byte(comma);
      out.instant(scheduledAt);
      out.byte(comma);
      out.instant(simTime + reading * intervalMs);
      out.floats(columns, reading);
      out.byte(newline);
    }
    out.endMessage(readings);
  }

  end(): void {
    this.#out.flush();
  }
}

const jsonWords = signalWords(
  signalNames.map((name) => `,"${name}":`),
  'null',
);
const simTimeKey = Buffer.from(',"simTime":', 'latin1');

/** A JSON object a reading and line, with the record's names; times in ms since 1970, null where a signal is missing. */
export class NdjsonEncoder implements Encoder {
  readonly #out: TextBlock;

  constructor(readingsPerMessage: number, onBlock: OnBlock) {
    const signals = jsonWords.prefixes.reduce((sum, key) => sum + key.length + signalBytes, 0);
    this.#out = new TextBlock(readingsPerMessage * (headBytes + signals), jsonWords, onBlock);
  }

  add({ vin, session, seq, scheduledAt, simTime, intervalMs, columns }: TelemetryBatch): void {
    const out = this.#out;
    const readings = columns[0]?.length ?? 0;
    const head = Buffer.from(
      `{"vin":"${vin}","session":${session},"seq":${seq},"scheduledAt":${scheduledAt},"reading":`,
      'latin1',
    );
    for (let reading = 0; reading < readings; reading++) {
      out.ascii(head);
      out.whole(reading);
      out.ascii(simTimeKey);
      out.whole(simTime + reading * intervalMs);
      out.floats(columns, reading);
      out.byte(125);
      out.byte(newline);
    }
    out.endMessage(readings);
  }

  end(): void {
    this.#out.flush();
  }
}
