import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { settingKeys } from '../config/settings.ts';
import { commandOf, stagesOf } from './image/dockerfile.ts';
import { kubernetesObjects, render, settingsFor } from './stacks.ts';

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

test("the README's commands name settings that there are, and objects of the stack", async () => {
  const readme = readFileSync(path.join(infra, 'README.md'), 'utf8');
  const settings = [...readme.matchAll(/\b(?:fleetbed|gcp):[a-zA-Z]+\b/g)].map(([key]) => key);
  assert.ok(settings.length > 8);
  for (const key of settings) assert.ok((settingKeys as readonly string[]).includes(key), key);
  const { resources } = await render('load', settingsFor('load', 'strimzi'));
  const made = new Set(
    kubernetesObjects(resources).map(({ kind, metadata }) => `${kind.toLowerCase()} ${metadata.name}`),
  );
  const named = [...readme.matchAll(/\b(job|cronjob|deployment)[ /](simulator|trainer|reader|bridge)\b/g)];
  assert.ok(named.length >= 5);
  for (const [, kind, name] of named) assert.ok(made.has(`${kind} ${name}`), `${kind} ${name}`);
  // What the reader is told to run is what the image runs; a reader has no use for V8's flags.
  const dockerfile = readFileSync(path.join(infra, '..', 'Dockerfile'), 'utf8');
  const { text = '' } =
    stagesOf(dockerfile)
      .at(-1)
      ?.instructions.find(({ verb }) => verb === 'ENTRYPOINT') ?? {};
  const command = commandOf(text).filter((word) => !word.startsWith('--'));
  assert.ok(readme.includes(`-- ${command.join(' ')} "$@"`));
});

test('a wrong setting ends the program before it has asked for anything, with the key and the reason', async () => {
  const settings = { ...settingsFor('dev', 'strimzi'), 'fleetbed:edgez': '3' };
  await assert.rejects(
    load(settings),
    /stack dev is not configured right:\n {2}fleetbed:edgez: no such setting/,
  );
});
