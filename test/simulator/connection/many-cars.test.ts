import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pickPort } from '#testbed/run/ports.ts';
import { testEdge } from '../edge.ts';

const program = fileURLToPath(new URL('many-cars.ts', import.meta.url));

interface Outcome {
  connected: number;
  failures: Record<string, number>;
}

/** Cars in a process that may open so many files. */
async function connectCars(ports: readonly number[], cars: number, limits = ''): Promise<Outcome> {
  const line = `${limits} exec "${process.execPath}" "${program}" ${cars} ${ports.join(' ')}`;
  const { stdout } = await promisify(execFile)('sh', ['-c', line], { timeout: 60_000 });
  return JSON.parse(stdout) as Outcome;
}

/** Each of these cars has made three attempts; some a fourth, until the last had made three. */
function assertThrice(failures: Record<string, number>, reason: string, cars: number): void {
  assert.deepEqual(Object.keys(failures), [reason]);
  const times = failures[reason] ?? 0;
  assert.ok(times >= 3 * cars && times <= 4 * cars, `${times} attempts of ${cars} cars`);
}

test('cars beyond the descriptors of their process are told apart from an edge that is not there', async (t) => {
  const edge = await testEdge(t);
  const { connected, failures } = await connectCars([edge.port], 120, 'ulimit -n 80;');
  assert.ok(connected > 20 && connected < 80, `${connected} connected`);
  assertThrice(failures, 'no-descriptors', 120 - connected);

  const nobody = await connectCars([await pickPort()], 5);
  assert.equal(nobody.connected, 0);
  assertThrice(nobody.failures, 'unreachable', 5);
});

test('an edge that hangs up before it has said anything is counted as such', async (t) => {
  const server = createServer((socket) => socket.resetAndDestroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const { connected, failures } = await connectCars([address.port], 4);
  assert.equal(connected, 0);
  assertThrice(failures, 'reset', 4);
});

test('cars take the ports of their edge in turn', async (t) => {
  const behind = [await testEdge(t), await testEdge(t), await testEdge(t)];
  const { connected } = await connectCars(
    behind.map(({ port }) => port),
    10,
  );
  assert.equal(connected, 10);
  assert.deepEqual(
    behind.map(({ known }) => known.size),
    [4, 3, 3],
  );
});
