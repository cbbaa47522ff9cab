import assert from 'node:assert/strict';
import test from 'node:test';
import { createLog, type Log } from '#runtime/log.ts';

function capture(level: string): { log: Log; lines: () => Record<string, unknown>[] } {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  const log = createLog({ component: 'edge', name: 'edge-1', level, destination });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('a line is JSON with time, level, component and name', () => {
  const { log, lines } = capture('info');
  log.info({ cars: 3 }, 'listening');
  const [line] = lines();
  assert.ok(line);
  const { time, ...rest } = line;
  assert.equal(new Date(String(time)).toISOString(), time);
  assert.deepEqual(rest, { level: 'info', component: 'edge', name: 'edge-1', cars: 3, msg: 'listening' });
});

test('what lies below the level is not written', () => {
  const { log, lines } = capture('warn');
  log.info('quiet');
  log.warn('loud');
  assert.deepEqual(
    lines().map(({ msg }) => msg),
    ['loud'],
  );
});

test('secrets of a configuration are not written, at any level of nesting that it has', () => {
  const { log, lines } = capture('info');
  log.info({
    fleetSecret: 'hunter2-a',
    config: { edgeSecret: 'hunter2-b', sasl: { password: 'hunter2-c' }, tls: { key: 'hunter2-d' } },
  });
  const [line] = lines();
  assert.doesNotMatch(JSON.stringify(line), /hunter2/);
  assert.match(JSON.stringify(line), /\(secret\)/);
});

test("a record's key is written: it is no secret", () => {
  const { log, lines } = capture('info');
  log.info({ key: 'run/edge-1' });
  assert.equal(lines()[0]?.['key'], 'run/edge-1');
});
