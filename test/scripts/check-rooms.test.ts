import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { repository, scratch } from '#test/fleetbed.ts';
import { checkRooms } from '../../scripts/check-rooms.ts';

async function rooms(files: Record<string, string>): Promise<string[]> {
  await using folder = await scratch();
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder.dir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(path.join(path.dirname(file), 'README.md'), 'a room\n');
    await writeFile(file, text);
  }
  return checkRooms(folder.dir).map(({ file, line, words }) => `${file}:${line}: ${words}`);
}

test('this repository keeps its borders', () => {
  assert.deepEqual(checkRooms(repository), []);
});

test('what the table allows passes, and packages are nobody’s matter', async () => {
  const found = await rooms({
    'wire/client.ts': `import { connect } from 'node:net';\nimport { topics } from '#contract/topics.ts';\n`,
    'bridge/component.ts': `import type { Log } from '#runtime/log.ts';\nimport './config.ts';\n`,
    'infra/index.ts': `import { size } from '../testbed/sizing.ts';\n`,
    'infra/test/pods.test.ts': `import { edgeConfig } from '../../edge-agent/config.ts';\n`,
  });
  assert.deepEqual(found, []);
});

test('every way to reach into a room that is not allowed is found, with its line', async () => {
  const found = await rooms({
    'contract/topics.ts': `import { Log } from '#runtime/log.ts';\n`,
    'bridge/component.ts': `\nimport {\n  outbox,\n} from '../edge-agent/outbox.ts';\n`,
    'simulator/shard.ts': `const ledger = await import('#testbed/verdict/ledger.ts');\n`,
    'edge-agent/store.ts': `new Worker(new URL('../bridge/worker.ts', import.meta.url));\n`,
    'infra/index.ts': `export * from '#testbed/run/run.ts';\n`,
    'runtime/log.ts': `import '../test/kafka.ts';\n`,
  });
  assert.deepEqual(found, [
    'contract/topics.ts:1: contract imports runtime/log.ts; it may import no other room',
    'runtime/log.ts:1: runtime imports test/kafka.ts; it may import no other room',
    'simulator/shard.ts:1: simulator imports testbed/verdict/ledger.ts; it may import contract, runtime, wire',
    'edge-agent/store.ts:1: edge-agent imports bridge/worker.ts; it may import contract, model, runtime, wire',
    'bridge/component.ts:2: bridge imports edge-agent/outbox.ts; it may import contract, runtime, wire',
    'infra/index.ts:1: infra imports testbed/run/run.ts; it may import contract, testbed/sizing.ts, testbed/cluster',
  ]);
});

test('a room without a README is found', async () => {
  await using folder = await scratch();
  await mkdir(path.join(folder.dir, 'wire'));
  assert.deepEqual(
    checkRooms(folder.dir).map(({ file }) => file),
    ['wire/README.md'],
  );
});
