import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { UserError } from '#runtime/errors.ts';
import { Supervised } from '#testbed/run/supervised.ts';
import { scratch } from '#test/fleetbed.ts';

const ready = `process.send({ type: 'ready' });`;

function supervise(
  dir: string,
  script: string,
): { part: Supervised; messages: unknown[]; deaths: UserError[] } {
  const messages: unknown[] = [];
  const deaths: UserError[] = [];
  const part = new Supervised({
    name: 'edge-1',
    args: ['-e', script],
    logFile: path.join(dir, 'edge-1.log'),
    readyTimeoutMs: 10_000,
    onMessage: (message) => messages.push(message),
    onDeath: (error) => deaths.push(error),
  });
  return { part, messages, deaths };
}

test('it is started when it says ready, keeps its log over several lives, and stops on SIGTERM', async () => {
  await using folder = await scratch();
  const script = `console.log('a line'); process.send({ type: 'connected' }); ${ready} setInterval(() => {}, 1000);
    process.on('SIGTERM', () => process.exit(0));`;
  const { part, messages, deaths } = supervise(folder.dir, script);
  await part.start();
  assert.ok(part.pid);
  await part.kill();
  assert.equal(part.pid, undefined);
  await part.start();
  assert.equal(part.life, 2);
  await part.stop(10_000);
  assert.deepEqual(deaths, [], 'a wanted end was taken for a death');
  assert.deepEqual(messages[0], { type: 'connected' });
  assert.equal((await readFile(path.join(folder.dir, 'edge-1.log'), 'utf8')).match(/a line/g)?.length, 2);
});

test('a start that fails carries the last words of the process', async () => {
  await using folder = await scratch();
  const { part } = supervise(
    folder.dir,
    `console.error('127.0.0.1:1883 is already in use'); process.exit(106);`,
  );
  await assert.rejects(part.start(), /edge-1 ended with exit code 106:\n127\.0\.0\.1:1883 is already in use/);
});

test('an end that nobody asked for is a death', async () => {
  await using folder = await scratch();
  const { part, deaths } = supervise(folder.dir, `${ready} setInterval(() => {}, 1000);`);
  await part.start();
  const gone = part.ended();
  process.kill(part.pid ?? 0, 'SIGKILL');
  await gone;
  assert.match(deaths[0]?.message ?? '', /edge-1 was ended by SIGKILL/);
});
