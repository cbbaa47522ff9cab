import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { UserError } from '#runtime/errors.ts';

/** Kafka 4's own minimum. */
const oldestJava = 17;
const howToInstall =
  'Install a JDK or JRE, 17 or newer (Debian and Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk), ' +
  'or use a Kafka of your own with --kafka host:port.';

export interface Java {
  /** The executable. */
  path: string;
  /** Major version: 17, 21, 25… */
  major: number;
  /** All that `java -version` says: tells one build from another. */
  description: string;
}

/**
 * The Java that local Kafka runs on: JAVA_HOME's, else the PATH's.
 * @throws UserError when there is none, or it is too old: says what to install
 */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<Java> {
  const path = env['JAVA_HOME'] ? join(env['JAVA_HOME'], 'bin', 'java') : 'java';
  let description: string;
  try {
    description = (await run(path, ['-version'], env)).stderr;
  } catch (error) {
    const where = env['JAVA_HOME']
      ? `JAVA_HOME (${env['JAVA_HOME']}) has none that runs`
      : 'none on the PATH';
    throw new UserError('component', `A local Kafka needs Java: ${where}. ${howToInstall}`, { cause: error });
  }
  const major = javaMajor(description);
  if (major === undefined || major < oldestJava) {
    const found = description.split('\n')[0]?.trim() ?? '';
    throw new UserError(
      'component',
      `A local Kafka needs Java ${oldestJava} or newer, and ${path} is: ${found}. ${howToInstall}`,
    );
  }
  return { path, major, description };
}

/** 8 of `java version "1.8.0_402"`, 17 of `openjdk version "17.0.15"`; undefined where it is neither. */
export function javaMajor(description: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(description);
  return match ? Number(match[1]) : undefined;
}

/**
 * Maven, needed once: to fetch Kafka's jars.
 * @throws UserError that says what to install
 */
export async function findMaven(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  try {
    await run('mvn', ['--version'], env);
    return 'mvn';
  } catch (error) {
    throw new UserError(
      'component',
      'The first run with a local Kafka needs Maven to fetch it, and there is no mvn on the PATH that runs. ' +
        'Install it (Debian and Ubuntu: apt-get install maven; macOS: brew install maven), ' +
        'or use a Kafka of your own with --kafka host:port.',
      { cause: error },
    );
  }
}

function run(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { env, timeout: 30_000 }, (error, stdout, stderr) =>
      error ? reject(error) : resolve({ stdout, stderr }),
    );
  });
}
