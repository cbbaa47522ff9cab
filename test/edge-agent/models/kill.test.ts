import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '#test/until.ts';
import { tempFolder } from '../rig.ts';
import { keys, Retained, runnable, runnableInTwo, testModels } from './rig.ts';
import { stepping } from './steps.ts';

const options = { timeout: 120_000 };
const script = fileURLToPath(new URL('./adopting-process.ts', import.meta.url));
const children = 3;

test('kill -9 at any step of an adoption leaves a release that runs', options, async (t) => {
  const root = await tempFolder(t);
  const at = (...names: string[]): string => path.join(root, ...names);
  const [old, next] = [runnable(1), runnableInTwo(2)];
  await mkdir(at('release'));
  await writeFile(at('release', 'public.pem'), keys.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(at('release', 'manifest'), next.signed);
  await writeFile(at('release', 'artefact'), next.artefact);

  const cloud = new Retained();
  const first = await testModels(t, at('before'), cloud);
  cloud.release(old);
  cloud.desire(old.id);
  await until(() => first.models.running === old.id);
  await first.models.close();

  // How many steps there are.
  await cp(at('before'), at('whole'), { recursive: true });
  let steps = 0;
  const whole = await testModels(t, at('whole'), cloud, { files: stepping(() => steps++) });
  cloud.release(next);
  cloud.desire(next.id);
  await until(() => whole.models.running === next.id);
  await whole.models.close();
  assert.ok(steps > 15, `${steps} steps`);

  const ran = new Set<string | null>();
  const killAt = async (step: number): Promise<void> => {
    const dataDir = at(`killed-${step}`);
    await cp(at('before'), dataDir, { recursive: true });
    const child = spawn(process.execPath, [script, dataDir, at('release'), String(step)], {
      stdio: 'inherit',
    });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL', `step ${step}`);
    const alone = await testModels(t, dataDir);
    const { running } = alone.models;
    assert.ok(running === old.id || running === next.id, `step ${step}: ${running} runs`);
    assert.equal(alone.adopted.length, 1);
    assert.deepEqual(alone.models.refusals, {}, `step ${step} left no damage where it runs from`);
    await alone.models.close();
    ran.add(running);
    const served = new Retained();
    served.release(next);
    served.desire(next.id);
    const after = await testModels(t, dataDir, served);
    await until(() => after.models.running === next.id);
    assert.equal(after.models.previous, old.id);
    await after.models.close();
  };
  const queue = Array.from({ length: steps }, (_, index) => index + 1);
  const work = async (): Promise<void> => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) await killAt(step);
  };
  await Promise.all(Array.from({ length: children }, work));
  assert.deepEqual(ran, new Set([old.id, next.id]));
});
