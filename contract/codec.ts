import avro from 'avsc';
import { singleObjectHeader } from './fingerprint.ts';

/**
 * A record of Kafka: Avro in single-object encoding. Schemas evolve backward-compatibly: new fields carry a default, test/contract
 * reads the last version's bytes. Those of which every message has a part are written out: telemetry.ts, ledger-marks.ts.
 */
export interface Codec<T> {
  readonly schema: object;
  encode(value: T): Buffer;
  /** @throws Error naming the schema when the bytes are not of it */
  decode(bytes: Buffer): T;
  /** Do the bytes start with this schema's header? */
  matches(bytes: Buffer): boolean;
}

/** Of a single object: a marker and the schema's fingerprint. */
const headerBytes = 10;
/** A timestamp field's type. */
export const instant = { type: 'long', logicalType: 'timestamp-millis' };

/** Today's version of a record written out, in the place of the general codec. */
export interface WrittenOut<T> {
  /** @returns the header and the record behind it */
  encode(value: T, header: Buffer): Buffer;
  /** @param at where the header ends @throws Error saying what is wrong */
  decode(bytes: Buffer, at: number): T;
}

/** `earlier`: the fields of each earlier version of the schema, whose bytes are still read. */
export function codec<T>(
  name: string,
  fields: object[],
  earlier: readonly object[][] = [],
  writtenOut?: WrittenOut<T>,
): Codec<T> {
  const schema = { type: 'record', name, namespace: 'fleetbed', fields };
  const type = avro.Type.forSchema(schema as avro.Schema);
  const header = singleObjectHeader(type);
  const versions = [{ header, resolver: undefined as avro.Resolver | undefined }];
  for (const former of earlier) {
    const writer = avro.Type.forSchema({ ...schema, fields: former } as avro.Schema);
    versions.push({ header: singleObjectHeader(writer), resolver: type.createResolver(writer) });
  }
  const versionOf = (bytes: Buffer): (typeof versions)[number] | undefined =>
    bytes.length < headerBytes
      ? undefined
      : versions.find((version) => bytes.compare(version.header, 0, headerBytes, 0, headerBytes) === 0);
  return {
    schema,
    encode: (value) => writtenOut?.encode(value, header) ?? Buffer.concat([header, type.toBuffer(value)]),
    matches: (bytes) => versionOf(bytes) !== undefined,
    decode: (bytes) => {
      const version = versionOf(bytes);
      if (!version)
        throw new Error(`not a ${name} record: it starts with ${bytes.toString('hex', 0, headerBytes)}`);
      try {
        if (writtenOut && version.resolver === undefined) return writtenOut.decode(bytes, headerBytes);
        return type.fromBuffer(bytes.subarray(headerBytes), version.resolver) as T;
      } catch (error) {
        throw new Error(`a broken ${name} record: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}
