import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** T: stopped; S, R: alive. @returns '' for a process that is gone */
function stateOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'state=', '-p', String(pid)])
      .toString()
      .trim();
  } catch {
    return '';
  }
}

const answering = `process.on('message', () => process.send({ type: 'pong' }));
  process.on('SIGTERM', () => { console.log('drained'); process.exit(0); }); ${ready} setInterval(() => {}, 1000);`;

test('a paused part answers nothing, and all when it is resumed', async () => {
  await using folder = await scratch();
  const { part, messages, deaths } = supervise(folder.dir, answering);
  await part.start();
  const pid = part.pid ?? 0;
  await part.pause();
  await part.pause();
  while (stateOf(pid) !== 'T') await sleep(10);
  part.send({ type: 'ping' });
  assert.equal(part.pid, pid, 'a paused part counts as down');
  assert.deepEqual(messages, []);
  await part.resume();
  while (messages.length === 0) await sleep(10);
  assert.notEqual(stateOf(pid), 'T');
  await part.resume();
  await part.stop(10_000);
  assert.deepEqual(deaths, []);
});

test('what it is to be told is said once in each life, when it is ready, until it is taken back', async () => {
  await using folder = await scratch();
  // Ready only after a while: what comes before would be lost on a part that does not listen yet.
  const { part, messages } = supervise(
    folder.dir,
    `process.on('message', (message) => process.send({ life: process.pid, ...message }));
     setTimeout(() => { ${ready} }, 100); setInterval(() => {}, 1000);`,
  );
  try {
    let n = 0;
    const takeBack = part.keepTelling(() => ({ n: ++n }));
    const starting = part.start();
    part.keepTelling(() => ({ n: 'always' }));
    await starting;
    const first = part.pid;
    while (messages.length < 2) await sleep(10);
    await part.kill();
    await part.start();
    while (messages.length < 4) await sleep(10);
    const second = part.pid;
    takeBack();
    await part.kill();
    await part.start();
    while (messages.length < 5) await sleep(10);
    part.send({ n: 'last' });
    while (messages.length < 6) await sleep(10);
    const third = part.pid;
    assert.deepEqual(messages, [
      { life: first, n: 1 },
      { life: first, n: 'always' },
      { life: second, n: 2 },
      { life: second, n: 'always' },
      { life: third, n: 'always' },
      { life: third, n: 'last' },
    ]);
  } finally {
    await part.kill();
  }
});

test('a paused part that is stopped is resumed, and drains', async () => {
  await using folder = await scratch();
  const { part } = supervise(folder.dir, answering);
  await part.start();
  await part.pause();
  await part.stop(10_000);
  assert.match(await readFile(path.join(folder.dir, 'edge-1.log'), 'utf8'), /drained/);
});

test('a paused part can be killed, and its next life is not paused', async () => {
  await using folder = await scratch();
  const { part, deaths } = supervise(folder.dir, answering);
  await part.start();
  await part.pause();
  await part.kill();
  await part.pause();
  await part.start();
  assert.notEqual(stateOf(part.pid ?? 0), 'T');
  await part.pause();
  while (stateOf(part.pid ?? 0) !== 'T') await sleep(10);
  await part.kill();
  assert.deepEqual(deaths, []);
});

test('a part that ignores SIGTERM is killed when patience ends, also when it was paused', async () => {
  await using folder = await scratch();
  const { part } = supervise(
    folder.dir,
    `process.on('SIGTERM', () => {}); ${ready} setInterval(() => {}, 1000);`,
  );
  await part.start();
  await part.pause();
  await part.stop(200);
  assert.equal(part.pid, undefined);
});

test('a paused part does not outlive a testbed that is killed', async () => {
  await using folder = await scratch();
  const module = new URL('../../../testbed/run/supervised.ts', import.meta.url).href;
  const testbed = `
    const { Supervised } = await import(${JSON.stringify(module)});
    const part = new Supervised({ name: 'edge-1', logFile: ${JSON.stringify(path.join(folder.dir, 'log'))},
      args: ['-e', "process.on('disconnect', () => process.exit(0)); ${ready.replaceAll("'", '\\"')} setInterval(() => {}, 1000);"],
      readyTimeoutMs: 10000, onMessage() {}, onDeath() {} });
    await part.start();
    await part.pause();
    console.log(part.pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', testbed], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  while (stateOf(pid) !== 'T') await sleep(10);
  parent.kill('SIGKILL');
  while (stateOf(pid) !== '') await sleep(10);
});
