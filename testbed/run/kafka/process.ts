import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Java } from './java.ts';
import type { KafkaHome } from './resolve.ts';

const log4jFile = fileURLToPath(new URL('log4j2.xml', import.meta.url));

/**
 * Becomes the program given as arguments. Beside it stays a shell that reads our pipe: when that ends (we died, however),
 * the program is killed; after the word `keep` it is left alone.
 */
const tiedToUs = `exec 3<&0 </dev/null
( read -r word <&3; [ "$word" = keep ] || kill -KILL $$ ) >/dev/null 2>&1 &
exec "$@" 3<&-`;

/**
 * No second compiler: over the first 700,000 messages Kafka then takes 0.010 instead of 0.015 CPU-seconds per 1,000, no
 * less throughput, and is up a third of a second earlier.
 */
const quickCompiler = '-XX:TieredStopAtLevel=1';

export interface KafkaProcess {
  /** Of the Java process itself. */
  readonly pid: number;
  readonly child: ChildProcess;
  /** Lets it outlive us. */
  keep(): void;
}

/**
 * Starts Kafka's Java. It dies when this process dies, even by SIGKILL; a Ctrl-C at the terminal does not reach it, so
 * that we can drain before we stop it.
 * @param options.logFile takes all that it prints, appended
 */
export function spawnKafka(options: {
  java: Java;
  home: KafkaHome;
  propertiesFile: string;
  logFile: string;
  heapMb: number;
  /** Options of the virtual machine: shared class data. */
  jvmOptions: string[];
}): KafkaProcess {
  const { java, home, propertiesFile, logFile, heapMb, jvmOptions } = options;
  const logDescriptor = openSync(logFile, 'a');
  try {
    const command = [
      java.path,
      `-Xmx${heapMb}m`,
      ...jvmOptions,
      quickCompiler,
      '-XX:+ExitOnOutOfMemoryError',
      '-Djava.awt.headless=true',
      `-Dlog4j2.configurationFile=${log4jFile}`,
      '-cp',
      home.classPath,
      'kafka.Kafka',
      propertiesFile,
    ];
    const child = spawn('sh', ['-c', tiedToUs, 'sh', ...command], {
      stdio: ['pipe', logDescriptor, logDescriptor],
      detached: true,
    });
    // It may be gone before a word to it is written.
    child.stdin?.on('error', () => undefined);
    return {
      // `exec`: the shell's process becomes Java's.
      get pid() {
        return child.pid ?? 0;
      },
      child,
      keep() {
        child.stdin?.end('keep\n');
        child.unref();
      },
    };
  } finally {
    closeSync(logDescriptor);
  }
}

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** SIGTERM, and SIGKILL when that takes longer than `patienceMs`. */
export async function stopProcess(child: ChildProcess, patienceMs: number): Promise<Exit> {
  const exited = exitOf(child);
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  const exit = await exited;
  clearTimeout(timer);
  return exit;
}

/** Resolves when the process is gone; at once when it is already. */
export function exitOf(child: ChildProcess): Promise<Exit> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}
