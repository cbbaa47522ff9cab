import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inWords, UserError } from '#runtime/errors.ts';
import { findMaven } from './java.ts';

const pomFile = fileURLToPath(new URL('pom.xml', import.meta.url));

/** Where Kafka lies on this machine. */
export interface KafkaHome {
  version: string;
  /** The cache folder of this version. */
  folder: string;
  /** Every jar, sorted: shared class data holds only for one and the same order. */
  classPath: string;
}

/** Kafka's version as the pom.xml has it. */
export function kafkaVersion(pom: string = readFileSync(pomFile, 'utf8')): string {
  const version = /<kafka\.version>([^<]+)</.exec(pom)?.[1];
  if (version === undefined) throw new Error(`${pomFile} names no kafka.version`);
  return version;
}

/** `$XDG_CACHE_HOME/fleetbed/kafka-<version>-<pom>`: another pom.xml is another folder, so an old one is never half used. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const pom = readFileSync(pomFile);
  const mark = createHash('sha256').update(pom).digest('hex').slice(0, 8);
  const caches = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return join(caches, 'fleetbed', `kafka-${kafkaVersion(pom.toString())}-${mark}`);
}

/**
 * Kafka's jars, from the cache folder or, the first time, by Maven. A folder that exists is whole: the jars are put
 * into another one beside it that is renamed when the last is there.
 * @throws UserError in words when Maven is missing or fails
 */
export async function resolveKafka(
  onProgress: (text: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<KafkaHome> {
  const folder = cacheFolder(env);
  const version = kafkaVersion();
  if (!existsSync(folder)) await fetchJars(folder, version, onProgress, env);
  const jarFolder = join(folder, 'jars');
  const jars = readdirSync(jarFolder)
    .filter((name) => name.endsWith('.jar'))
    .sort();
  return { version, folder, classPath: jars.map((jar) => join(jarFolder, jar)).join(':') };
}

async function fetchJars(
  folder: string,
  version: string,
  onProgress: (text: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const maven = await findMaven(env);
  onProgress(`Fetching Apache Kafka ${version} with Maven (once)`);
  let draft: string | undefined;
  try {
    await mkdir(dirname(folder), { recursive: true });
    draft = await mkdtemp(`${folder}.`);
    // Maven may leave files beside the pom.xml that it is given, so it gets one of its own.
    await writeFile(join(draft, 'pom.xml'), readFileSync(pomFile));
    await runMaven(maven, draft, version, onProgress, env);
    await rename(draft, folder);
  } catch (error) {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true });
    // Another run was faster: its folder is as good.
    if (existsSync(folder)) return;
    if (error instanceof UserError) throw error;
    throw new UserError('component', `Kafka's jars cannot be kept in ${dirname(folder)}: ${inWords(error)}`, {
      cause: error,
    });
  }
}

async function runMaven(
  maven: string,
  draft: string,
  version: string,
  onProgress: (text: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const goal = [
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${join(draft, 'jars')}`,
  ];
  const child = spawn(maven, ['-B', '-Dstyle.color=never', '-f', join(draft, 'pom.xml'), ...goal], {
    cwd: draft,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastLines: string[] = [];
  let fetched = 0;
  const onLine = (line: string): void => {
    if (/^\[?(INFO\] )?Downloaded/.test(line) && line.includes('.jar')) {
      fetched++;
      onProgress(`Fetching Apache Kafka ${version} with Maven (once): ${fetched} jars`);
    }
    if (/ERROR|FATAL/.test(line)) lastLines.push(line);
    if (lastLines.length > 5) lastLines.pop();
  };
  createInterface(child.stdout).on('line', onLine);
  createInterface(child.stderr).on('line', onLine);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) {
    throw new UserError(
      'component',
      `Maven could not fetch Apache Kafka ${version} (exit ${code}). It says:\n  ${lastLines.join('\n  ')}`,
    );
  }
}
