import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hasBatchPolicy } from '#testbed/run/batch-policy.ts';

const module = fileURLToPath(new URL('../../../testbed/run/batch-policy.ts', import.meta.url));
const options = { skip: hasBatchPolicy() === true ? false : 'no chrt here' };
const script = `
  import { readdirSync, readFileSync } from 'node:fs';
  import { spawnSync } from 'node:child_process';
  import { adoptBatchPolicy } from ${JSON.stringify(module)};
  const policyIn = (stat) => stat.replace(/.*\\) /, '').split(' ')[38];
  const adopted = adoptBatchPolicy();
  const threads = readdirSync('/proc/self/task').map((id) => policyIn(readFileSync(\`/proc/self/task/\${id}/stat\`, 'utf8')));
  const child = policyIn(spawnSync('cat', ['/proc/self/stat'], { encoding: 'utf8' }).stdout);
  console.log(JSON.stringify({ adopted, threads: [...new Set(threads)], child }));
`;

function policiesAfter(...before: string[]): unknown {
  const [command, ...args] = [...before, process.execPath, '--input-type=module', '--eval', script];
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

test('all threads of the testbed, and what it starts, are under the batch policy', options, () => {
  assert.deepEqual(policiesAfter(), { adopted: true, threads: ['3'], child: '3' });
});

test('a policy that was chosen for it stays', options, () => {
  const idle = '5';
  assert.deepEqual(policiesAfter('chrt', '--idle', '0'), {
    adopted: false,
    threads: [idle],
    child: idle,
  });
});
