import { readHistory, type HistoryOptions, type HistoryQuery, type HistoryReport } from '#cloud/history.ts';
import { encodeOrigin, originHeader } from '#contract/origin.ts';
import { signalCount } from '#contract/signals.ts';
import { encodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { createLog } from '#runtime/log.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { readToEnd } from '#wire/kafka-reader.ts';

export const run = 'quick-fox';
export const simStart = Date.UTC(2026, 0, 1);
export const intervalMs = 1000;

/** `readings` of one car; the second message begins where the first ends. Every signal says its seq. */
export function batchOf(vin: string, seq: number, changes: Partial<TelemetryBatch> = {}): TelemetryBatch {
  const readings = 10;
  return {
    vin,
    session: 1,
    seq,
    scheduledAt: simStart,
    simTime: simStart + (seq - 1) * readings * intervalMs,
    intervalMs,
    columns: Array.from({ length: signalCount }, () => new Float32Array(readings).fill(seq)),
    ...changes,
  };
}

export interface Written {
  partition?: number;
  batch: TelemetryBatch | Buffer | null;
  /** null: a record without an origin. */
  run?: string | null;
}

/** What onBatch was called with. */
export interface Handed {
  vin: string;
  seq: number;
  simTime: number;
  readings: number;
  partition: number;
  offset: number;
  appendedAt: number;
}

/** A Kafka with telemetry topics, a writer that does as the bridge does, and a reader that keeps what it was handed. */
export class HistoryRig {
  readonly local: TestKafka;
  readonly kafka: Kafka;
  #topics = 0;

  private constructor(local: TestKafka) {
    this.local = local;
    const log = createLog({ component: 'test', level: 'silent' });
    this.kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
  }

  static async open(): Promise<HistoryRig> {
    return new HistoryRig(await testKafka());
  }

  async close(): Promise<void> {
    await this.local.stop();
  }

  /** @returns the prefix of a telemetry topic of its own */
  async newTopic(numPartitions = 1): Promise<string> {
    const prefix = `h${++this.#topics}.`;
    const admin = this.kafka.admin();
    await admin.connect();
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
    const topic = `${prefix}fleet.telemetry`;
    await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: false });
    await admin.disconnect();
    return prefix;
  }

  /** One transaction; returns when its end is in the log. */
  async write(prefix: string, records: Written[], end: 'commit' | 'abort' = 'commit'): Promise<void> {
    const finish = await this.begin(prefix, records);
    await finish(end);
    await this.settle(prefix);
  }

  /** @returns what ends the transaction */
  async begin(prefix: string, records: Written[]): Promise<(end: 'commit' | 'abort') => Promise<void>> {
    const producer = this.kafka.producer({ transactionalId: `test-${Math.random()}` });
    await producer.connect();
    const transaction = await producer.transaction();
    const messages = records.map(({ partition = 0, batch, run: of = run }) => ({
      partition,
      value: batch === null || Buffer.isBuffer(batch) ? batch : encodeTelemetry(batch),
      headers: of === null ? {} : { [originHeader]: originOf(of) },
    }));
    await transaction.send({ topic: `${prefix}fleet.telemetry`, messages });
    return async (end) => {
      await (end === 'commit' ? transaction.commit() : transaction.abort());
      await producer.disconnect();
    };
  }

  /** A commit's answer comes before its markers are in the log. */
  async settle(prefix: string): Promise<void> {
    const topics = [`${prefix}fleet.telemetry`];
    await readToEnd(this.kafka, { topics, onBatch: () => undefined, timeoutMs: 20_000 });
  }

  async read(
    prefix: string,
    query: Partial<HistoryQuery> = {},
    options: Partial<HistoryOptions> = {},
  ): Promise<{ report: HistoryReport; handed: Handed[] }> {
    const handed: Handed[] = [];
    const report = await readHistory(
      this.kafka,
      { run, topicPrefix: prefix, ...query },
      { onBatch: (batch, at) => void handed.push({ ...briefly(batch), ...at }), ...options },
    );
    return { report, handed };
  }
}

export function seqsOf(handed: readonly Handed[]): number[] {
  return handed.map(({ seq }) => seq);
}

function briefly(batch: TelemetryBatch): Pick<Handed, 'vin' | 'seq' | 'simTime' | 'readings'> {
  const { vin, seq, simTime } = batch;
  return { vin, seq, simTime, readings: batch.columns[0]?.length ?? 0 };
}

function originOf(of: string): Buffer {
  return encodeOrigin({ run: of, edge: 'edge-1', epoch: '0123456789abcdef', number: 1, stored: false });
}
