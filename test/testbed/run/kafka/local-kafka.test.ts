import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { until } from '#test/until.ts';
import { startLocalKafka, type LocalKafka } from '#testbed/run/kafka/local-kafka.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { readToEnd } from '#wire/kafka-reader.ts';
import { connectKafka, kafkaConfig, waitForKafka, type Kafka } from '#wire/kafka.ts';

describe('a local Kafka', { timeout: 120_000 }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetbed-test-'));
  });
  after(async () => rm(folder, { recursive: true, force: true }));

  const client = (brokers: string[]): Kafka =>
    connectKafka(kafkaConfig.parse({ brokers }), createLog({ component: 'test', level: 'silent' }));

  async function start(
    name: string,
    more: { linksAdvertised?: { host: string; port: number }[] } = {},
  ): Promise<LocalKafka> {
    return startLocalKafka({
      dataDir: join(folder, name),
      logFile: join(folder, `${name}.log`),
      heapMb: 256,
      pickPort,
      onProgress: () => undefined,
      ...more,
    });
  }

  it('is up when it has started, keeps its data and ports over a stop, and says how it ended', async () => {
    const kafka = await start('restarts');
    const exits: unknown[] = [];
    kafka.onExit((code, signal) => exits.push(signal ?? code));
    try {
      await waitForKafka(client(kafka.brokers), 10_000);
      const command = await readFile(`/proc/${kafka.pid}/cmdline`, 'utf8');
      assert.match(command, /-Xmx256m/);
      const admin = client(kafka.brokers).admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic: 'kept' }], waitForLeaders: false });
      await admin.disconnect();
      const brokers = [...kafka.brokers];

      await kafka.stop();
      assert.equal(kafka.pid, 0);
      // 128 + SIGTERM: Java's own way to say that it ended on request.
      assert.deepEqual(exits, [143]);
      await kafka.start();
      assert.deepEqual(kafka.brokers, brokers);
      kafka.kill();
      await kafka.start();
      assert.deepEqual(exits, [143, 'SIGKILL']);

      const again = client(kafka.brokers).admin();
      await again.connect();
      assert.ok((await again.listTopics()).includes('kept'));
      await again.disconnect();
      assert.match(await readFile(join(folder, 'restarts.log'), 'utf8'), /Kafka Server started/);
    } finally {
      await kafka.stop();
    }
  });

  it('that was killed right after a commit ends the transaction when it comes back', async () => {
    const kafka = await start('killed-at-commit');
    const topic = 'committed';
    try {
      const admin = client(kafka.brokers).admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
      await admin.disconnect();
      for (let round = 1; round <= 3; round++) {
        const producer = client(kafka.brokers).producer({ transactionalId: `round-${round}` });
        await producer.connect();
        const transaction = await producer.transaction();
        const messages = [0, 1, 2].map((partition) => ({ partition, value: `round ${round}` }));
        await transaction.send({ topic, messages });
        await transaction.commit();
        // Now: Kafka has answered, but not yet written the end of the transaction where its records are.
        kafka.kill();
        await kafka.start();
        await producer.disconnect();
        const values: string[] = [];
        await readToEnd(client(kafka.brokers), {
          topics: [topic],
          timeoutMs: 15_000,
          onBatch: (records) => void values.push(...records.map(({ value }) => String(value))),
        });
        assert.equal(values.filter((value) => value === `round ${round}`).length, 3);
      }
    } finally {
      await kafka.stop();
    }
  });

  it('sends clients who come through its second door back to the proxy in front of it', async () => {
    const proxy = createServer().listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const kafka = await start('link', { linksAdvertised: [{ host: '127.0.0.1', port }] });
    proxy.on('connection', (near) => {
      const far = connect(kafka.linkTargets[0] ?? { port: 0 });
      near.pipe(far).on('error', () => near.destroy());
      far.pipe(near).on('error', () => far.destroy());
    });
    try {
      const brokersOf = async (address: string): Promise<unknown> => {
        const admin = client([address]).admin();
        await admin.connect();
        const { brokers } = await admin.describeCluster();
        await admin.disconnect();
        return brokers.map((broker) => `${broker.host}:${broker.port}`);
      };
      assert.deepEqual(await brokersOf(`127.0.0.1:${port}`), [`127.0.0.1:${port}`]);
      assert.deepEqual(await brokersOf(kafka.brokers[0] ?? ''), kafka.brokers);
    } finally {
      proxy.close();
      await kafka.stop();
    }
  });

  it('dies with the process that started it, even when that is killed', async () => {
    const parent = startInChild('dies', '');
    const pid = await parent.pid;
    assert.ok(isAlive(pid));
    parent.kill();
    await until(() => !isAlive(pid));
  });

  it('outlives the process that started it when it is to be kept', async () => {
    const parent = startInChild('kept', 'kafka.keep(); process.exit(0);');
    const pid = await parent.pid;
    await parent.exited;
    await sleep(300);
    assert.ok(isAlive(pid));
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
  });

  it("that cannot start says so in Kafka's last words, and leaves nothing running", async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const logFile = join(folder, 'taken.log');
    try {
      await assert.rejects(
        startLocalKafka({
          dataDir: join(folder, 'taken'),
          logFile,
          pickPort: async () => Promise.resolve(port),
          onProgress: () => undefined,
        }),
        (error: unknown) => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, /Apache Kafka .*(listener|port|Address already in use)/is);
          assert.ok(error.message.includes(logFile));
          return true;
        },
      );
    } finally {
      server.close();
    }
  });

  function startInChild(
    name: string,
    then: string,
  ): { pid: Promise<number>; exited: Promise<unknown>; kill(): void } {
    const script = `
      import { startLocalKafka } from '#testbed/run/kafka/local-kafka.ts';
      import { pickPort } from '#testbed/run/ports.ts';
      const [dataDir, logFile] = ${JSON.stringify([join(folder, name), join(folder, `${name}.log`)])};
      const kafka = await startLocalKafka({ dataDir, logFile, pickPort, onProgress() {} });
      console.log(kafka.pid);
      ${then}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = once(createInterface(child.stdout), 'line').then(([line]) => Number(line));
    return { pid, exited: once(child, 'exit'), kill: () => child.kill('SIGKILL') };
  }
});

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/cmdline`);
}
