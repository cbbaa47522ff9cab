import { createRequire } from 'node:module';
import { sizeOfString, writeString } from './kafka-primitives.ts';
import { produceRequest, type ProduceOptions, type ProduceRequest } from './kafka-produce-request.ts';

/**
 * kafkajs 2.2.4 writes a request through many buffers that grow by doubling, filled with zeros each time, and copies each
 * into the next: records, batches, partitions, topics, header, length. Zeros and garbage of it were two fifths of a bridge's
 * CPU. This puts code that writes the same bytes in the place of two of its modules: a produce request is one buffer, and
 * any other is copied once, behind its header. To be imported before kafkajs is; test/wire/kafka-requests.test.ts holds the
 * bytes to kafkajs' own, and fails when kafkajs takes its modules from somewhere else.
 */
const produceModule = 'kafkajs/src/protocol/requests/produce/v3/request';
const requestModule = 'kafkajs/src/protocol/request';

interface KafkajsRequest {
  apiKey: number;
  apiVersion: number;
  encode(): Promise<{ buffer: Buffer }>;
}

interface Addressed {
  correlationId: number;
  clientId: string | null;
  request: KafkajsRequest | ProduceRequest;
}

const require = createRequire(import.meta.url);

/** kafkajs' own: for requests with compression, and for comparison. */
export const kafkajsProduceRequest = require(produceModule) as (options: ProduceOptions) => KafkajsRequest;
export const kafkajsEncodeRequest = require(requestModule) as (
  addressed: Addressed & { request: KafkajsRequest },
) => Promise<{ buffer: Buffer }>;

/** A whole request, as it goes to the socket: its length, its header, and what it says. */
export async function encodeRequest({ correlationId, clientId, request }: Addressed): Promise<{
  buffer: Buffer;
}> {
  const head = 4 + 2 + 2 + 4 + sizeOfString(clientId);
  const buffer =
    'encodeBehind' in request
      ? request.encodeBehind(head)
      : copyBehind(head, (await request.encode()).buffer);
  let at = buffer.writeInt32BE(buffer.length - 4, 0);
  at = buffer.writeInt16BE(request.apiKey, at);
  at = buffer.writeInt16BE(request.apiVersion, at);
  at = buffer.writeInt32BE(correlationId, at);
  writeString(buffer, at, clientId);
  return { buffer };
}

/** Small ones, which most are, lie in Node's pool. */
function copyBehind(head: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(head + payload.length);
  bytes.set(payload, head);
  return bytes;
}

/** In the place of kafkajs' versions 3 to 7. */
export function produceRequestFor(options: ProduceOptions): KafkajsRequest | ProduceRequest {
  return options.compression ? kafkajsProduceRequest(options) : produceRequest(options);
}

replace(produceModule, produceRequestFor);
replace(requestModule, encodeRequest);

function replace(name: string, by: unknown): void {
  const loaded = require.cache[require.resolve(name)];
  if (loaded) loaded.exports = by;
}
