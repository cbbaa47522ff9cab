import { UserError } from '#runtime/errors.ts';
import { singles, type Link } from '../scenario/scenario.ts';
import { scheduleMs } from '../scenario/stages.ts';
import { JointLink, type Breakable } from './link/breakable.ts';
import { isGone, type Run } from './live-run.ts';
import { patience } from './settle.ts';
import { Timeline } from './timeline/timeline.ts';

/** The schedule's zero lies this far ahead, so that every simulator hears of it before. */
const startDelayMs = 500;

export interface Driven {
  /** The schedule's zero, ms since 1970. */
  startedAt: number;
  /** Simulators that did not come to its end, though nobody stopped the run nor did anything to them. */
  unfinished: string[];
}

/** Connects the first stage, starts schedule and timeline, and waits for their end. */
export async function drive(run: Run): Promise<Driven> {
  const { scenario, stop, fleet, collector } = run;
  const firstCars = scenario.stages[0]?.cars ?? 0;
  const connectTimeoutMs = 60_000 + (3000 * firstCars) / scenario.connect.ratePerSecond;
  const connected = await stop.until(() => fleet.allConnected, connectTimeoutMs);
  if (!connected && !stop.reason) {
    stop.request(
      new UserError('component', `the cars were not connected after ${connectTimeoutMs / 1000} s; see logs/`),
    );
  }
  const startedAt = Date.now() + startDelayMs;
  collector.startedAt = startedAt;
  if (stop.reason) return { startedAt, unfinished: [] };

  fleet.start(startedAt);
  const scene = {
    part: (name: string) => found(run.parts.get(name), name),
    edge: (name: string) =>
      found(
        run.components.edges.find((edge) => edge.name === name),
        name,
      ),
    proxy: (link: Link) => proxyOf(run, link),
    wait: (ms: number) => stop.wait(ms),
    stopping: () => stop.reason !== undefined,
    stopped: stop.requested,
    giveUp: (error: unknown) => stop.request(error instanceof Error ? error : new Error(String(error))),
  };
  run.timeline = new Timeline(scenario.timeline, scene, startedAt);
  const faultsOver = run.timeline.run();
  const trained = run.training.follow(scenario.training, startedAt, stop);
  const { finishMs } = patience(stop);
  await stop.until(
    () => fleet.allFinished((name) => isGone(run, name)),
    startDelayMs + scheduleMs(scenario.stages) + finishMs,
  );
  await Promise.all([faultsOver, trained]);
  const isExcused = (name: string): boolean => isGone(run, name) || isTouched(run, name);
  return { startedAt, unfinished: stop.reason ? [] : fleet.unfinished(isExcused) };
}

/** Did the timeline do something to this process? */
function isTouched({ scenario }: Run, name: string): boolean {
  return scenario.timeline.some((entry) => 'targets' in entry && entry.targets.includes(name));
}

function proxyOf({ components, kafka }: Run, link: Link): Breakable {
  const proxies = new Map([...components.proxies, ...kafka.proxies].map((proxy) => [proxy.name, proxy]));
  return new JointLink(singles(link).map(({ name }) => found(proxies.get(name), name)));
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the timeline names ${name}, which this run does not have`);
  return value;
}
