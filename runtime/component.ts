import { z } from 'zod';
import { configHelp, duration, loadConfig, port } from './config.ts';
import { UserError, exitCodes, inWords } from './errors.ts';
import { Health } from './health.ts';
import { createLog, logLevels, type Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { ProcessEnd } from './process-end.ts';

/** What a component is given by its process. */
export interface Services {
  log: Log;
  metrics: Metrics;
  /** A component that never calls it is ready when start() has resolved. */
  setReady(ready: boolean, reason?: string): void;
  /** Ends the process with the error in words and exit code 106. */
  fail(error: unknown): void;
}

/** A component at work. */
export interface Running {
  /** Stops the intake, drains, closes. Called once: on SIGTERM, or after `done`. */
  drain(): Promise<void>;
  /** Resolves when the component has done its work by itself; it is then drained and the process ends with 0. */
  done?: Promise<void>;
}

export interface ComponentSpec<S extends z.ZodObject> {
  /** The command's name: edge. */
  name: string;
  summary: string;
  config: S;
  /** The process's own name, for logs and metrics: edge-1. */
  nameOf(config: z.output<S>): string;
  /** @throws UserError for what the user can mend */
  start(config: z.output<S>, services: Services): Promise<Running>;
}

/** Settings that every component has: spread them into its schema. */
export const commonConfig = {
  health: z.object({
    host: z.string().default('127.0.0.1').describe('Address of /metrics, /healthz and /readyz.'),
    port: port.default(0).describe('Their port; 0 takes a free one and logs it.'),
  }),
  log: z.object({ level: z.enum(logLevels).default('info').describe('Least level that is logged.') }),
  drainTimeout: duration.default(10_000).describe('Longest time to finish what is in hand after SIGTERM.'),
};

type Common = z.output<z.ZodObject<typeof commonConfig>>;

/**
 * Runs a component for the life of its process: configuration, log, metrics, health, signals, control channel. SIGTERM
 * and SIGINT (of a supervised process SIGTERM and the end of its control channel) drain it; a second signal does not
 * wait. Errors go to stderr as words.
 * @returns the exit code; the caller ends the process with it (handles may still be open)
 */
export async function runComponent<S extends z.ZodObject<typeof commonConfig & z.core.$ZodShape>>(
  spec: ComponentSpec<S>,
  argv: readonly string[],
): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(
      configHelp(spec.config, { usage: `fleetbed ${spec.name} [settings]`, summary: spec.summary }),
    );
    return exitCodes.ok;
  }
  let config: z.output<S>;
  try {
    config = loadConfig(spec.config, { argv, env: process.env, component: spec.name });
  } catch (error) {
    return tell(spec.name, error);
  }
  const name = spec.nameOf(config);
  const { drainTimeout, health: at, log: logging } = config as Common;
  const log = createLog({ component: spec.name, name, level: logging.level });
  const metrics = new Metrics({ component: spec.name, name });
  const health = new Health({ ...at, metrics, log });
  const end = new ProcessEnd();
  try {
    const healthPort = await health.start();
    log.info({ pid: process.pid, health: `${at.host}:${healthPort}` }, 'starting');
    const readiness = new Readiness(health);
    const running = spec.start(config, {
      log,
      metrics,
      setReady: (ready, reason) => readiness.set(ready, reason),
      fail: end.fail,
    });
    const done = running.then(async (started) => {
      readiness.started();
      await (started.done ?? never());
      return 'done' as const;
    });
    const because = await Promise.race([end.asked, done, end.failed]);
    readiness.set(false, 'ending');
    log.info({ because }, 'draining');
    const drained = running.then(async (started) => {
      await started.drain();
      return 'drained' as const;
    });
    const outcome = await Promise.race([drained, timeout(drainTimeout), end.askedAgain, end.failed]);
    if (outcome !== 'drained') log.warn({ because: outcome, drainTimeout }, 'not everything was drained');
    log.info('ended');
    return exitCodes.ok;
  } catch (error) {
    log.fatal({ err: error }, inWords(error));
    return tell(name, error);
  } finally {
    end.ignore();
    metrics.close();
    await health.stop();
    // An open control channel would keep the process alive.
    if (process.connected) process.disconnect();
  }
}

/** Ready by /readyz, and said once on the control channel. */
class Readiness {
  readonly #health: Health;
  #isDecidedByComponent = false;
  #isSaid = false;

  constructor(health: Health) {
    this.#health = health;
  }

  set(ready: boolean, reason?: string): void {
    this.#isDecidedByComponent = true;
    this.#health.setReady(ready, reason);
    if (!ready || this.#isSaid) return;
    this.#isSaid = true;
    // A testbed that is gone at this moment is noticed by the end of the channel.
    if (process.connected) process.send?.({ type: 'ready' }, undefined, undefined, () => {});
  }

  started(): void {
    if (!this.#isDecidedByComponent) this.set(true);
  }
}

function tell(name: string, error: unknown): number {
  process.stderr.write(`${name}: ${inWords(error)}\n`);
  return error instanceof UserError ? error.exitCode : exitCodes.componentFailed;
}

function timeout(ms: number): Promise<'timeout'> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, 'timeout').unref();
  });
}

function never(): Promise<never> {
  return new Promise(() => {});
}
