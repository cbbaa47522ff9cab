import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalKafka, type LocalKafka, type LocalKafkaOptions } from '#testbed/run/kafka/local-kafka.ts';
import { pickPort } from '#testbed/run/ports.ts';

/** A real Kafka for one test file, on its own ports and in its own folder. */
export interface TestKafka {
  brokers: string[];
  /** To kill and start it again. */
  local: LocalKafka;
  /** Where its data lie. */
  dataDir: string;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** Starts one; call `stop` in `after`. Two to three seconds; the first on a machine fetches Kafka. */
export async function testKafka(more: Pick<LocalKafkaOptions, 'linksAdvertised'> = {}): Promise<TestKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetbed-test-kafka-'));
  const dataDir = join(folder, 'data');
  const local = await startLocalKafka({
    dataDir,
    logFile: join(folder, 'kafka.log'),
    pickPort,
    onProgress: () => undefined,
    ...more,
  });
  return {
    brokers: local.brokers,
    local,
    dataDir,
    async stop() {
      await local.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
