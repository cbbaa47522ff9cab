import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestBroker } from '#test/mqtt-broker.ts';
import { pickPort } from '#testbed/run/ports.ts';

const source = fileURLToPath(new URL('HiveMq.java', import.meta.url));

/**
 * A HiveMQ CE as docs/external-broker configures it, for whoever has one of these passwords. The first on a machine is
 * fetched (100 MB).
 * @param maxQueued messages that it keeps for a session, instead of what stands there
 */
export async function startHiveMq(passwords: string[], maxQueued?: number): Promise<TestBroker> {
  const jars = await fetchHiveMq();
  const folder = await mkdtemp(path.join(tmpdir(), 'fleetbed-hivemq-'));
  const port = await pickPort();
  let child: ChildProcess | undefined;
  const example = await readFile(
    new URL('../../docs/external-broker/hivemq-config.xml', import.meta.url),
    'utf8',
  );
  await mkdir(path.join(folder, 'conf'));
  await writeFile(
    path.join(folder, 'conf', 'config.xml'),
    example
      .replace('<port>1883<', `<port>${port}<`)
      .replace('0.0.0.0', '127.0.0.1')
      .replace(/(?<=<max-queue-size>)\d+/, (documented) => String(maxQueued ?? documented)),
  );
  const start = async (): Promise<void> => {
    // Of a short life: quick to start rather than fast.
    const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const args = [...flags, '-cp', `${jars}/*:${jars}`, 'HiveMq', folder, ...passwords];
    const java = spawn('java', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    child = java;
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      // It is read to its end: a full pipe would stop it.
      createInterface(java.stdout).on('line', (line) => {
        if (line === 'started') resolve();
        if (lines.push(line) > 20) lines.shift();
      });
      java.once('close', () => reject(new Error(`HiveMQ ended: ${lines.join('\n')}`)));
    });
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  await start();
  return {
    edgePort: port,
    bridgePort: port,
    start,
    kill,
    save: async () => Promise.resolve(),
    async forget() {
      await rm(path.join(folder, 'data'), { recursive: true });
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @returns the folder of its jars and of the compiled HiveMq.java; one that exists is whole */
async function fetchHiveMq(): Promise<string> {
  const pom = await readFile(new URL('pom.xml', import.meta.url));
  const mark = createHash('sha256')
    .update(pom)
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 8);
  const caches = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  const folder = path.join(caches, 'fleetbed', `test-hivemq-${mark}`);
  if (existsSync(folder)) return folder;
  await mkdir(path.dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  try {
    // Maven may leave files beside the pom.xml that it is given, so it gets one of its own.
    await writeFile(path.join(draft, 'pom.xml'), pom);
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${draft}`];
    await promisify(execFile)('mvn', ['-B', '-q', '-f', path.join(draft, 'pom.xml'), ...goal]);
    await promisify(execFile)('javac', ['-cp', `${draft}/*`, '-d', draft, source]);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another test file was faster: its folder is as good.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
