import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mqttOf } from '#testbed/cli/mqtt-option.ts';

test('--mqtt names a broker, an account, and TLS', () => {
  assert.equal(mqttOf('run', undefined), undefined);
  assert.deepEqual(mqttOf('run', 'mqtt://broker'), { host: 'broker', port: 1883 });
  assert.deepEqual(mqttOf('run', 'mqtts://broker'), { host: 'broker', port: 8883, tls: {} });
  assert.deepEqual(mqttOf('run', 'mqtt://me:p%40ss@10.0.0.7:18830/'), {
    host: '10.0.0.7',
    port: 18_830,
    username: 'me',
    password: 'p@ss',
  });
  assert.deepEqual(mqttOf('run', 'mqtts://[::1]:8883?ca=/etc/ca.pem'), {
    host: '::1',
    port: 8883,
    tls: { ca: '/etc/ca.pem' },
  });
});

for (const [url, message] of [
  ['broker:1883', /expected a URL such as mqtt:\/\/user:password@broker:1883/],
  ['http://broker', /expected a URL/],
  ['mqtt://broker/topic', /expected nothing behind the port/],
  ['mqtt://broker?ca=x', /ca goes with mqtts/],
  ['mqtts://broker?cert=x', /no such setting: cert/],
] as const) {
  test(`refused: ${url}`, () => {
    assert.throws(() => mqttOf('run', url), message);
  });
}
