import { sizeOfString, writeString } from './kafka-primitives.ts';
import { measureBatch, writeBatch, type RecordBatch, type RecordToWrite } from './kafka-records.ts';

/** As kafkajs gives it. */
export interface ProduceOptions {
  acks: number;
  timeout: number;
  transactionalId?: string | null;
  /** A number, digits, or kafkajs' Long, which shows its digits. */
  producerId?: number | string | { toString(): string };
  producerEpoch?: number;
  /** 0 is none. */
  compression?: number;
  topicData: {
    topic: string;
    partitions: { partition: number; firstSequence?: number; messages: readonly RecordToWrite[] }[];
  }[];
}

/** A request in kafkajs' form, but for how it is encoded. */
export interface ProduceRequest {
  apiKey: 0;
  apiVersion: number;
  apiName: 'Produce';
  expectResponse(): boolean;
  /** The request with so many bytes before it that are not written yet, in one buffer. */
  encodeBehind(head: number): Buffer;
}

/** Versions 3 to 7, which are written alike; kafkajs puts the one it speaks in the place of 3. Without compression. */
export function produceRequest(options: ProduceOptions): ProduceRequest {
  return {
    apiKey: 0,
    apiVersion: 3,
    apiName: 'Produce',
    expectResponse: () => options.acks !== 0,
    encodeBehind: (head) => encodeBehind(head, options),
  };
}

interface MeasuredTopic {
  topic: string;
  partitions: { partition: number; firstSequence: number; batch: RecordBatch }[];
}

/** All is measured first, so that nothing is written twice: no buffer grows, and none is filled with zeros. */
function encodeBehind(head: number, options: ProduceOptions): Buffer {
  const { acks, timeout, transactionalId = null, producerId = -1, producerEpoch = 0 } = options;
  const now = Date.now();
  const topics = options.topicData.map((data) => measureTopic(data, now));
  const size = topics.reduce((sum, topic) => sum + sizeOfTopic(topic), 0);
  const bytes = Buffer.allocUnsafeSlow(head + sizeOfString(transactionalId) + 2 + 4 + 4 + size);
  const producer = {
    id: BigInt(producerId.toString()),
    epoch: producerEpoch,
    isTransactional: Boolean(transactionalId),
  };
  let at = writeString(bytes, head, transactionalId);
  at = bytes.writeInt16BE(acks, at);
  at = bytes.writeInt32BE(timeout, at);
  at = bytes.writeInt32BE(topics.length, at);
  for (const { topic, partitions } of topics) {
    at = writeString(bytes, at, topic);
    at = bytes.writeInt32BE(partitions.length, at);
    for (const { partition, firstSequence, batch } of partitions) {
      at = bytes.writeInt32BE(partition, at);
      at = bytes.writeInt32BE(batch.size, at);
      at = writeBatch(bytes, at, batch, producer, firstSequence);
    }
  }
  return bytes;
}

function measureTopic(data: ProduceOptions['topicData'][number], now: number): MeasuredTopic {
  const partitions = data.partitions.map(({ partition, firstSequence = 0, messages }) => ({
    partition,
    firstSequence,
    batch: measureBatch(messages, now),
  }));
  return { topic: data.topic, partitions };
}

function sizeOfTopic({ topic, partitions }: MeasuredTopic): number {
  return partitions.reduce((sum, { batch }) => sum + 4 + 4 + batch.size, sizeOfString(topic) + 4);
}
