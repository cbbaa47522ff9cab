import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '#runtime/errors.ts';
import { untilBrokerIsGone } from './controller-only.ts';
import { findJava } from './java.ts';
import { formatDataFolder, prepareKafka } from './prepared.ts';
import { exitOf, spawnKafka, stopProcess, type Exit, type KafkaProcess } from './process.ts';
import { endOfLog, logSince, untilStarted, untilTiered, type Outcome } from './ready.ts';
import { resolveKafka } from './resolve.ts';
import { controllerProperties, serverProperties, type ServerAddresses } from './server-properties.ts';

const defaultHeapMb = 512;
/** Two to three seconds are usual, one with class data; a machine under load may take ten times that. */
const startTimeoutMs = 60_000;
const stopPatienceMs = 5_000;
/** 128 + SIGTERM: how Java says that it ended on request. */
const onRequest = 143;

export interface LocalKafkaOptions {
  /** Kafka's data, its configuration and the remote tier: all that it writes except its log. */
  dataDir: string;
  /** What it prints, appended. */
  logFile: string;
  heapMb?: number;
  pickPort: () => Promise<number>;
  /** More doors for clients behind proxies: each proxy's address, which Kafka tells them to use. */
  linksAdvertised?: readonly { host: string; port: number }[];
  onProgress: (text: string) => void;
}

/** One Apache Kafka on 127.0.0.1, of this process: it dies with it. */
export interface LocalKafka {
  readonly brokers: string[];
  /** What the proxies forward to, in the order of linksAdvertised. */
  readonly linkTargets: readonly { host: string; port: number }[];
  /** Of the Java process; 0 while there is none. */
  readonly pid: number;
  /** SIGKILL. */
  kill(): void;
  /** Again, on the same data and ports. @throws UserError as startLocalKafka */
  start(): Promise<void>;
  /** SIGTERM, then SIGKILL after a while. */
  stop(): Promise<void>;
  /** Lets it outlive this process. */
  keep(): void;
  /** Called at every exit, wanted or not. */
  onExit(callback: (code: number | null, signal: NodeJS.Signals | null) => void): void;
}

/**
 * Starts a real Kafka, after fetching and preparing it if this is the first one on the machine.
 * @throws UserError: no Java, no Maven, or Kafka's own last words when it ends while starting
 */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<LocalKafka> {
  const { dataDir, logFile, onProgress, linksAdvertised = [] } = options;
  const java = await findJava();
  const home = await resolveKafka(onProgress);
  const prepared = await prepareKafka(java, home, onProgress);
  const addresses: ServerAddresses = {
    client: await options.pickPort(),
    controller: await options.pickPort(),
    links: [],
  };
  for (const advertised of linksAdvertised) {
    addresses.links.push({ port: await options.pickPort(), advertised });
  }
  await mkdir(dirname(logFile), { recursive: true });
  await formatDataFolder(prepared, dataDir);
  const propertiesFile = join(dataDir, 'server.properties');
  await writeFile(propertiesFile, serverProperties(dataDir, addresses));
  const controllerFile = join(dataDir, 'controller.properties');
  await writeFile(controllerFile, controllerProperties(dataDir, addresses));

  const jvmOptions = prepared.classArchive ? [`-XX:SharedArchiveFile=${prepared.classArchive}`] : [];
  const heapMb = options.heapMb ?? defaultHeapMb;
  const callbacks: ((code: Exit['code'], signal: Exit['signal']) => void)[] = [];
  let current: KafkaProcess | undefined;
  /** The last broker did not end on request: Kafka still takes it for alive. */
  let wasKilled = false;
  let isWanted = false;
  /** Where the log of the broker that is up begins. */
  let upFrom: number | undefined;

  const spawn = (file: string): KafkaProcess =>
    spawnKafka({ java, home, propertiesFile: file, logFile, heapMb, jvmOptions });

  async function assertUp(outcome: Outcome, logFrom: number): Promise<void> {
    if (outcome === 'up') return;
    const what =
      outcome === 'exited' ? 'ended while it was starting' : `was not up after ${startTimeoutMs / 1000} s`;
    throw new UserError(
      'component',
      `Apache Kafka ${what}:\n  ${lastWords(await logSince(logFile, logFrom))}\n(all of it: ${logFile})`,
    );
  }

  async function awaitBrokerGone(): Promise<void> {
    const logFrom = await endOfLog(logFile);
    const controller = (current = spawn(controllerFile));
    const outcome = await untilBrokerIsGone(controller, { logFile, logFrom, timeoutMs: startTimeoutMs });
    current = undefined;
    if (isWanted) await assertUp(outcome, logFrom);
    wasKilled = outcome !== 'up';
  }

  const kafka: LocalKafka = {
    brokers: [`127.0.0.1:${addresses.client}`],
    linkTargets: addresses.links.map(({ port }) => ({ host: '127.0.0.1', port })),
    get pid() {
      return current?.pid ?? 0;
    },
    kill() {
      current?.child.kill('SIGKILL');
    },
    async start() {
      // Killed a moment ago, perhaps: its ports and its folder's lock are free once it is gone.
      if (current?.child.killed) await exitOf(current.child);
      if (current) return;
      isWanted = true;
      if (wasKilled) await awaitBrokerGone();
      if (!isWanted) return;
      const logFrom = await endOfLog(logFile);
      const started = (current = spawn(propertiesFile));
      started.child.once('exit', (code, signal) => {
        current = undefined;
        upFrom = undefined;
        wasKilled = code !== onRequest;
        for (const callback of callbacks) callback(code, signal);
      });
      const outcome = await untilStarted(started, logFile, logFrom, startTimeoutMs);
      if (outcome !== 'up') started.child.kill('SIGKILL');
      await assertUp(outcome, logFrom);
      if (current === started) upFrom = logFrom;
    },
    async stop() {
      isWanted = false;
      if (current && upFrom !== undefined) await untilTiered(current, logFile, upFrom, stopPatienceMs);
      if (current) await stopProcess(current.child, stopPatienceMs);
    },
    keep() {
      current?.keep();
    },
    onExit(callback) {
      callbacks.push(callback);
    },
  };
  await kafka.start();
  return kafka;
}

/** The last lines that say something is wrong, else simply the last. */
function lastWords(log: string): string {
  const lines = log.trim().split('\n');
  const wrong = lines.filter((line) => /\b(ERROR|FATAL)\b|Exception|^Error/.test(line));
  return (wrong.length > 0 ? wrong.slice(-3) : lines.slice(-3)).join('\n  ');
}
