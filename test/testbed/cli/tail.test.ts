import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { encodeOrigin, originHeader } from '#contract/origin.ts';
import { deadLetterCodec, framePositionCodec } from '#contract/records.ts';
import { signalCount, signalIndex } from '#contract/signals.ts';
import { encodeTelemetry } from '#contract/telemetry.ts';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { tailCommand } from '#testbed/cli/tail.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';

describe('fleetbed tail', { timeout: 60_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  let brokers: string;

  before(async () => {
    local = await testKafka();
    brokers = local.brokers.join(',');
    const config = kafkaConfig.parse({ brokers: local.brokers });
    kafka = connectKafka(config, createLog({ component: 'test', level: 'silent' }));
    await ensureTopics(kafka, { prefix: '', given: false, tieredStorage: true });
    await send('fleet.telemetry', [
      { key: 'VIN00001', value: telemetry(1), headers: origin('run1') },
      { key: 'VIN00001', value: telemetry(2), headers: origin('run2') },
      { key: 'VIN00001', value: Buffer.from('rubbish'), headers: origin('run2') },
    ]);
    const position = { epoch: '00000000000000ff', number: 7, earlier: [] };
    await send('fleet.frames', [
      { key: 'run1/edge-1', value: framePositionCodec.encode(position) },
      { key: 'run2/edge-1', value: null },
    ]);
    const letter = {
      source: 'edge-1',
      reason: 'truncated',
      detail: 'the record ends early',
      topic: 't',
      key: 'k',
    };
    await send('fleet.deadletter', [
      { key: 'edge-1', value: deadLetterCodec.encode({ ...letter, bytes: Buffer.from([1, 2, 255]), at: 0 }) },
    ]);
  });
  after(async () => local.stop());

  async function send(
    topic: string,
    messages: { key: string; value: Buffer | null; headers?: Record<string, Buffer> }[],
  ): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
  }

  async function tail(...args: string[]): Promise<{ code: number; lines: string[] }> {
    const stdout = new PassThrough();
    const chunks: Buffer[] = [];
    stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const io = { stdout, stderr: new PassThrough(), env: {} };
    const code = await tailCommand.run(args, io as unknown as Parameters<typeof tailCommand.run>[1]);
    return { code, lines: Buffer.concat(chunks).toString().trim().split('\n') };
  }

  it('prints telemetry with its signals by name, without those that the car lacks', async () => {
    const { code, lines } = await tail('telemetry', '--kafka', brokers, '--max', '1', '--json');
    assert.equal(code, 0);
    const record = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    assert.equal(record['topic'], 'fleet.telemetry');
    assert.equal(record['key'], 'VIN00001');
    assert.deepEqual(record['origin'], {
      run: 'run1',
      edge: 'edge-1',
      epoch: '00000000000000ff',
      number: 3,
      stored: true,
    });
    assert.deepEqual(record['value'], {
      vin: 'VIN00001',
      session: 5,
      seq: 1,
      scheduledAt: 1_700_000_000_000,
      simTime: 1_600_000_000_000,
      intervalMs: 1000,
      readings: { speed: [50, null] },
    });
  });

  it('prints only records of the run that is asked for; what does not decode is shown with the reason', async () => {
    const { lines } = await tail(
      'fleet.telemetry',
      '--kafka',
      brokers,
      '--run',
      'run2',
      '--max',
      '2',
      '--json',
    );
    const values = lines.map((line) => (JSON.parse(line) as { value: Record<string, unknown> }).value);
    assert.equal(values[0]?.['seq'], 2);
    assert.match(String(values[1]?.['undecodable']), /not an Avro/);
    assert.deepEqual(values[1]?.['bytes'], { length: 7, hex: Buffer.from('rubbish').toString('hex') });
  });

  it('knows the run of a record without origin by its key, and says which key was deleted', async () => {
    const { lines } = await tail('frames', '--kafka', brokers, '--run', 'run2', '--max', '1');
    assert.match(lines[0] ?? '', /run2\/edge-1 deleted$/);
    const first = await tail('frames', '--kafka', brokers, '--max', '1');
    assert.match(
      first.lines[0] ?? '',
      /^\d{4}-.*Z 0:0 run1\/edge-1 \{"epoch":"00000000000000ff","number":7,/,
    );
  });

  it('shows the bytes of a dead letter as hex', async () => {
    const { lines } = await tail('deadletter', '--kafka', brokers, '--max', '1', '--json');
    const { value } = JSON.parse(lines[0] ?? '') as { value: Record<string, unknown> };
    assert.equal(value['reason'], 'truncated');
    assert.deepEqual(value['bytes'], { length: 3, hex: '0102ff' });
  });

  it('goes on until Ctrl-C, and ends with 0', async () => {
    const stdout = new PassThrough();
    const io = { stdout, stderr: new PassThrough(), env: { FLEETBED_KAFKA_BROKERS: brokers } };
    const listeners = process.listenerCount('SIGINT');
    const running = tailCommand.run(['frames'], io as unknown as Parameters<typeof tailCommand.run>[1]);
    await once(stdout, 'data');
    process.emit('SIGINT');
    assert.equal(await running, 0);
    assert.equal(process.listenerCount('SIGINT'), listeners);
  });

  it('says what is wrong with its arguments, and the nearest right word', async () => {
    const refused = async (pattern: RegExp, ...args: string[]): Promise<void> =>
      assert.rejects(tail(...args), (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.kind, 'config');
        assert.match(error.message, pattern);
        return true;
      });
    await refused(/which topic\?/);
    await refused(/no topic telemetri: did you mean fleet\.telemetry\?/, 'telemetri', '--kafka', brokers);
    await refused(/which Kafka\?/, 'telemetry');
    await refused(
      /--from: expected beginning or end, got start/,
      'telemetry',
      '--kafka',
      brokers,
      '--from',
      'start',
    );
    await refused(
      /--max: expected a whole number from 1, got none/,
      'telemetry',
      '--kafka',
      brokers,
      '--max',
      'none',
    );
    await refused(/--newest/, 'telemetry', '--newest');
  });

  function origin(run: string): Record<string, Buffer> {
    const bytes = encodeOrigin({ run, edge: 'edge-1', epoch: '00000000000000ff', number: 3, stored: true });
    return { [originHeader]: bytes };
  }

  function telemetry(seq: number): Buffer {
    const columns = Array.from({ length: signalCount }, () => new Float32Array([Number.NaN, Number.NaN]));
    columns[signalIndex.speed] = new Float32Array([50, Number.NaN]);
    const times = { scheduledAt: 1_700_000_000_000, simTime: 1_600_000_000_000, intervalMs: 1000 };
    return encodeTelemetry({ vin: 'VIN00001', session: 5, seq, ...times, columns });
  }
});
