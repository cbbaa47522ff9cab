import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What the check needs of a machine: Go builds the API server, Java 21 makes Strimzi's CRDs, etcd keeps objects. */
export interface Tools {
  go: string;
  java: string;
  mvn: string;
  etcd: string;
}

const leastJava = 21;

/** The tools, or which of them is missing and what would help. */
export async function findTools(): Promise<Tools | string> {
  const found = { go: program('go'), mvn: program('mvn'), etcd: program('etcd'), java: await java() };
  const hints = {
    go: 'Go is not installed',
    mvn: 'Maven is not installed',
    etcd: 'etcd is not installed (Debian: etcd-server)',
    java: `no Java of ${leastJava} or newer is installed (looked on the path, in JAVA_HOME and in /usr/lib/jvm)`,
  };
  for (const name of ['go', 'mvn', 'etcd', 'java'] as const)
    if (found[name] === undefined) return hints[name];
  return found as Tools;
}

/** Runs a program to its end, gently: it shares the machine with tests. @throws Error with the end of what it said */
export async function run(
  file: string,
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<string> {
  try {
    const { stdout } = await execute('nice', [file, ...args], { ...options, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
    throw new Error(`${path.basename(file)} ${args[0]}: ${(stderr + stdout).slice(-2000)}`, { cause: error });
  }
}

function program(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/go/bin'];
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

/** The first Java that is new enough. */
async function java(): Promise<string | undefined> {
  const jvms = '/usr/lib/jvm';
  const homes = [
    process.env['JAVA_HOME'] ?? [],
    existsSync(jvms) ? readdirSync(jvms).map((name) => path.join(jvms, name)) : [],
  ];
  const candidates = [
    program('java') ?? [],
    homes.flat().map((home) => path.join(home, 'bin', 'java')),
  ].flat();
  for (const candidate of candidates) {
    if (!existsSync(candidate)) continue;
    const { stderr } = await execute(candidate, ['-version']).catch(() => ({ stderr: '' }));
    if (Number(/version "(\d+)/.exec(stderr)?.[1]) >= leastJava) return candidate;
  }
  return undefined;
}
