import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inWords, UserError } from '#runtime/errors.ts';
import { pickPort } from '../ports.ts';
import type { Java } from './java.ts';
import { spawnKafka, stopProcess } from './process.ts';
import { untilStarted, untilTiered } from './ready.ts';
import type { KafkaHome } from './resolve.ts';
import { logFolder, nodeId, serverProperties } from './server-properties.ts';

const run = promisify(execFile);
const bootstrapFile = 'bootstrap.checkpoint';

/** What is made once for every Kafka to come, because it takes a second or more of each start. */
export interface Prepared {
  /** Kafka's first metadata, as its own StorageTool writes them. */
  bootstrapFile: string;
  /** Class data of a Kafka that ran before (JEP 350): halves the time to start. Absent where this Java made none. */
  classArchive: string | undefined;
}

/**
 * Formats a data folder once, and lets a Kafka start and stop in it to learn which classes it loads. Both are kept
 * beside the jars; the class data for each build of Java apart, which alone can read them.
 * @throws UserError when Kafka's own tool fails
 */
export async function prepareKafka(
  java: Java,
  home: KafkaHome,
  onProgress: (text: string) => void,
): Promise<Prepared> {
  const build = createHash('sha256').update(java.description).digest('hex').slice(0, 8);
  const bootstrap = join(home.folder, bootstrapFile);
  const classArchive = join(home.folder, `classes-${build}.jsa`);
  if (!existsSync(bootstrap) || !existsSync(classArchive)) {
    onProgress(`Preparing Apache Kafka ${home.version} for quick starts (once)`);
    const draft = await mkdtemp(join(tmpdir(), 'fleetbed-kafka-'));
    try {
      await format(java, home, draft);
      await keep(join(logFolder(draft), bootstrapFile), bootstrap);
      const archived = await archiveClasses(java, home, draft);
      if (archived !== undefined) await keep(archived, classArchive);
    } catch (error) {
      throw new UserError('component', `Apache Kafka cannot be prepared: ${inWords(error)}`, {
        cause: error,
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return { bootstrapFile: bootstrap, classArchive: existsSync(classArchive) ? classArchive : undefined };
}

/** Makes a data folder that Kafka starts in: what `kafka-storage format` leaves there, with ids of its own. */
export async function formatDataFolder(prepared: Prepared, dataDir: string): Promise<void> {
  const folder = logFolder(dataDir);
  if (existsSync(join(folder, 'meta.properties'))) return;
  await mkdir(folder, { recursive: true });
  await copyFile(prepared.bootstrapFile, join(folder, bootstrapFile));
  const id = (): string => randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const lines = [`version=1`, `cluster.id=${id()}`, `node.id=${nodeId}`, `directory.id=${id()}`, ''];
  // Last: it is the sign that the folder is formatted.
  await writeFile(join(folder, 'meta.properties'), lines.join('\n'));
}

async function format(java: Java, home: KafkaHome, draft: string): Promise<void> {
  const propertiesFile = join(draft, 'server.properties');
  const addresses = { client: await pickPort(), controller: await pickPort(), links: [] };
  await writeFile(propertiesFile, serverProperties(draft, addresses));
  const id = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const tool = ['-cp', home.classPath, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', propertiesFile];
  await run(java.path, tool, { timeout: 60_000 });
}

async function archiveClasses(java: Java, home: KafkaHome, draft: string): Promise<string | undefined> {
  const propertiesFile = join(draft, 'server.properties');
  const logFile = join(draft, 'kafka.log');
  const archive = join(draft, 'classes.jsa');
  const jvmOptions = [`-XX:ArchiveClassesAtExit=${archive}`];
  const started = spawnKafka({ java, home, propertiesFile, logFile, heapMb: 512, jvmOptions });
  const outcome = await untilStarted(started, logFile, 0, 60_000);
  // Its classes are many.
  if (outcome === 'up') await untilTiered(started, logFile, 0, 10_000);
  if (outcome === 'up') await stopProcess(started.child, 60_000);
  else started.child.kill('SIGKILL');
  return existsSync(archive) ? archive : undefined;
}

/** Into the cache folder, whole or not at all; the draft may lie on another disk. */
async function keep(file: string, target: string): Promise<void> {
  const draft = `${target}.${process.pid}`;
  await copyFile(file, draft);
  await rename(draft, target);
}
