import { AvroReader, maxLongBytes, maxTextBytes, writeLong, writeText, type Broken } from './avro-bytes.ts';
import { codec, instant, type WrittenOut } from './codec.ts';

/** What one car has sent so far, as its shard knows it: cumulative, so the last mark of a session says all. */
export interface CarMark {
  vin: string;
  session: number;
  /** Highest seq that was handed to the network. */
  sent: number;
  /** Every seq up to this one was acknowledged (QoS 1). */
  acked: number;
  /** Messages that the schedule's policy never sent; they took no seq. */
  dropped: number;
}

/** fleet.ledger: a shard's marks of the last second, only cars that changed. */
export interface LedgerMarks {
  shard: string;
  /** MQTT quality of service of the shard's cars. */
  qos: number;
  at: number;
  marks: CarMark[];
}

/**
 * Each message of each car leads to a mark or two, so their codec is written out as telemetry's is; test/contract holds it to avsc's
 * bytes.
 */
const writtenOut: WrittenOut<LedgerMarks> = {
  encode: ({ shard, qos, at, marks }, header) => {
    const bytes = Buffer.allocUnsafe(header.length + maxBytes(shard, marks));
    let end = header.copy(bytes);
    end = writeText(bytes, end, shard);
    end = writeLong(bytes, end, qos);
    end = writeLong(bytes, end, at);
    if (marks.length > 0) end = writeLong(bytes, end, marks.length);
    for (const { vin, session, sent, acked, dropped } of marks) {
      end = writeText(bytes, end, vin);
      end = writeLong(bytes, end, session);
      end = writeLong(bytes, end, sent);
      end = writeLong(bytes, end, acked);
      end = writeLong(bytes, end, dropped);
    }
    bytes[end++] = 0;
    return bytes.subarray(0, end);
  },
  decode: (bytes, start) => {
    const reader = new AvroReader(bytes, start, broken);
    const read = { shard: reader.text(), qos: reader.long(), at: reader.long(), marks: readMarks(reader) };
    if (!reader.atEnd()) throw broken('malformed', 'bytes behind its end');
    return read;
  },
};

function readMarks(reader: AvroReader): CarMark[] {
  const marks: CarMark[] = [];
  for (let left = reader.block(); left > 0; left = reader.block()) {
    for (; left > 0; left--) {
      marks.push({
        vin: reader.text(),
        session: reader.long(),
        sent: reader.long(),
        acked: reader.long(),
        dropped: reader.long(),
      });
    }
  }
  return marks;
}

function maxBytes(shard: string, marks: readonly CarMark[]): number {
  let bytes = maxTextBytes(shard) + 4 * maxLongBytes;
  for (const { vin } of marks) bytes += maxTextBytes(vin) + 4 * maxLongBytes;
  return bytes;
}

const broken: Broken = (_code, message) => new Error(message);

export const ledgerMarksCodec = codec<LedgerMarks>(
  'LedgerMarks',
  [
    { name: 'shard', type: 'string' },
    { name: 'qos', type: 'int' },
    { name: 'at', type: instant },
    {
      name: 'marks',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'CarMark',
          fields: [
            { name: 'vin', type: 'string' },
            { name: 'session', type: 'long' },
            { name: 'sent', type: 'long' },
            { name: 'acked', type: 'long' },
            { name: 'dropped', type: 'long' },
          ],
        },
      },
    },
  ],
  [],
  writtenOut,
);
