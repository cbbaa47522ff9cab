import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import avro from 'avsc';
import { password } from '#contract/identity.ts';
import { telemetrySchema } from '#contract/telemetry.ts';
import { testKafka } from '#test/kafka.ts';
import { scratch, startFleetbed } from '#test/fleetbed.ts';
import { skipWithout } from '#test/skip-without.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { consoleConsumer } from '#test/console-consumer.ts';

const fleetSecret = 'a fleet secret of this test';
const edgeSecret = 'an edge secret of this test';

test(
  'mosquitto_pub plays a car with JSON, and Kafka’s own console consumer reads the record',
  {
    timeout: 180_000,
    skip: skipWithout('mosquitto_pub'),
  },
  async () => {
    await using folder = await scratch();
    const kafka = await testKafka();
    const [cars, edges] = [await pickPort(), await pickPort()];
    const bridge = startFleetbed([
      'bridge',
      ...['--run', 'garage', '--listen-host', '127.0.0.1', '--listen-port', String(edges)],
      ...['--edge-secret', edgeSecret, '--kafka-brokers', kafka.brokers.join(',')],
      ...['--health-port', String(await pickPort())],
    ]);
    const edge = startFleetbed(
      [
        'edge',
        ...[
          '--run',
          'garage',
          '--edge',
          'edge-1',
          '--listen-host',
          '127.0.0.1',
          '--listen-port',
          String(cars),
        ],
        ...['--uplink-bridges', `127.0.0.1:${edges}`, '--data-dir', path.join(folder.dir, 'edge-1')],
        ...['--health-port', String(await pickPort())],
      ],
      {
        env: { FLEETBED_FLEET_SECRET: fleetSecret, FLEETBED_UPLINK_PASSWORD: password(edgeSecret, 'edge-1') },
      },
    );
    try {
      await Promise.all([bridge.says('takes frames'), edge.says('takes cars')]);
      const vin = 'WVWZZZ1JZXW000001';
      const reading = JSON.stringify({
        simTime: 1_700_000_000_000,
        speed: 63.5,
        coolantTemperature: [88, null],
      });
      const refused = await mosquittoPub(cars, vin, 'wrong password', reading);
      assert.notEqual(refused, 0);

      const even = JSON.stringify({
        simTime: 1_700_000_000_000,
        speed: [63.5, 64],
        coolantTemperature: [88, null],
      });
      assert.equal(await mosquittoPub(cars, vin, password(fleetSecret, vin), even), 0);
      assert.equal(await mosquittoPub(cars, vin, password(fleetSecret, vin), '{"speed": "fast"}'), 0);

      const [record] = await consoleConsumer(kafka.brokers, 'fleet.telemetry', 1);
      assert.ok(record);
      assert.equal(record.key, vin);
      assert.match(record.headers, /^origin:garage\/edge-1\/[0-9a-f]{16}\/\d+$/);
      const read = avro.Type.forSchema(telemetrySchema as avro.Schema).fromBuffer(
        record.value.subarray(10),
      ) as {
        [field: string]: unknown;
      };
      assert.equal(read['vin'], vin);
      assert.equal(read['simTime'], 1_700_000_000_000);
      assert.deepEqual(read['speed'], [63.5, 64]);
      assert.deepEqual(read['coolantTemperature'], [88, Number.NaN]);
      assert.deepEqual(read['lambda'], [Number.NaN, Number.NaN]);

      const [letter] = await consoleConsumer(kafka.brokers, 'fleet.deadletter', 1);
      assert.ok(letter);
      assert.ok(letter.value.includes('{"speed": "fast"}'), 'the bytes that were refused are not kept');
      assert.ok(letter.value.includes('bad-json'));
    } finally {
      edge.child.kill('SIGTERM');
      assert.equal((await edge.ended).code, 0);
      bridge.child.kill('SIGTERM');
      assert.equal((await bridge.ended).code, 0);
      await kafka.stop();
    }
  },
);

/** @returns mosquitto_pub's exit code */
async function mosquittoPub(
  port: number,
  vin: string,
  secret: string,
  message: string,
): Promise<number | null> {
  const child = spawn('mosquitto_pub', [
    ...['-h', '127.0.0.1', '-p', String(port), '-i', vin, '-u', vin, '-P', secret],
    ...['-q', '1', '-t', `vehicles/${vin}/telemetry`, '-m', message],
  ]);
  return new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
}
