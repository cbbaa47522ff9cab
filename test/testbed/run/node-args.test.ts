import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { nodeArgs } from '#testbed/run/node-args.ts';

test('the image runs parts as a run does', () => {
  const dockerfile = readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8');
  const [, list = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  const [program, ...rest] = JSON.parse(list) as string[];
  assert.equal(program, 'node_modules/.bin/node');
  assert.deepEqual(rest, [...nodeArgs('bridge'), 'testbed/cli/main.ts']);
});

test('six parts of a kind begin to look through their heaps at six sizes, none above the first', () => {
  const sizes = Array.from({ length: 6 }, (_, place) => {
    const [size] = nodeArgs('edge', place).flatMap(
      (arg) => /^--initial-old-space-size=(\d+)$/.exec(arg)?.[1] ?? [],
    );
    return Number(size);
  });
  assert.equal(new Set(sizes).size, 6);
  assert.equal(Math.max(...sizes), sizes[0]);
});
