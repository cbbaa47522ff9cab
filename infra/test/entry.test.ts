import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { settingsFor } from './stacks.ts';

const infra = path.join(import.meta.dirname, '..');
const node = promisify(execFile);

/** Loads the entry file as Pulumi's language host does without its TypeScript loader: a plain import, in a plain Node. */
async function load(settings: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const script = `
    import { setMocks } from '@pulumi/pulumi/runtime/mocks.js';
    await setMocks({
      newResource: ({ name, inputs }) => ({ id: name, state: { ...inputs, name, email: 'a@b', privateKey: '', controlPlaneEndpointsConfig: {} } }),
      call: () => ({ number: '1' }),
    }, 'fleetbed', 'dev', false);
    const outputs = await import(${JSON.stringify(path.join(infra, 'main.ts'))});
    console.log(JSON.stringify(Object.keys(outputs)));`;
  return node(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], {
    cwd: infra,
    env: { ...process.env, PULUMI_CONFIG: JSON.stringify(settings) },
  });
}

test('the entry file loads under plain Node 24, without a loader, and names the outputs that infra/README.md uses', async () => {
  const { runtime } = parse(readFileSync(path.join(infra, 'Pulumi.yaml'), 'utf8')) as {
    runtime: { options: object };
  };
  assert.deepEqual(runtime.options, { typescript: false });
  const { stdout } = await load(settingsFor('dev', 'strimzi'));
  const outputs = JSON.parse(stdout) as string[];
  const readme = readFileSync(path.join(infra, 'README.md'), 'utf8');
  const used = [...readme.matchAll(/pulumi stack output (\w+)/g)].map(([, name]) => name ?? '');
  assert.ok(used.length > 2);
  for (const name of used) assert.ok(outputs.includes(name), name);
});

test('a wrong setting ends the program before it has asked for anything, with the key and the reason', async () => {
  const settings = { ...settingsFor('dev', 'strimzi'), 'fleetbed:edgez': '3' };
  await assert.rejects(
    load(settings),
    /stack dev is not configured right:\n {2}fleetbed:edgez: no such setting/,
  );
});
