import { BrokerStillness } from './given-broker.ts';
import { isGone, type Run } from './live-run.ts';
import type { Stop } from './stop.ts';
import { stopComponents } from './components.ts';

/** How long the end of a run may take: a run that is stopped by its user ends within ten seconds. */
export interface Patience {
  /** For acknowledgements of what is in flight. */
  finishMs: number;
  /** For the edges' outboxes to empty. */
  drainMs: number;
  /** For one part to end after SIGTERM. */
  partMs: number;
  /** For reading Kafka to its end. */
  readMs: number;
}

const unhurried: Patience = { finishMs: 60_000, drainMs: 120_000, partMs: 15_000, readMs: 60_000 };
const hurried: Patience = { finishMs: 2000, drainMs: 1500, partMs: 1000, readMs: 2000 };

export function patience(stop: Stop): Patience {
  return stop.reason ? hurried : unhurried;
}

/**
 * After the last message was sent: waits until all that can arrive has arrived, and stops the parts in the way's order.
 * @returns what a person should know of the end, in words
 */
export async function settle(run: Run): Promise<string[]> {
  const { stop, fleet, feed, collector, components, status } = run;
  if (stop.reason) {
    fleet.stop();
    await within(hurried.finishMs, () => fleet.allFinished((name) => isGone(run, name)));
  }
  status.doing('waiting for the last messages …');
  // Without a bridge no outbox can empty.
  const hasBridge = components.bridges.some(({ name }) => !isGone(run, name));
  if (hasBridge) await within(patience(stop).drainMs, () => outboxesEmpty(run), stop);
  const emptyBroker = async (): Promise<void> => {
    if (hasBridge) await brokerEmpty(run);
  };
  await emptyBroker();
  await readToEnd(run);
  await collector.finish();
  const warnings = undelivered(run.scraper.gauge('fleetbed_outbox_frames'));
  // What edges hand on while they end is the bridges' to take.
  await stopComponents(components, patience(stop).partMs, emptyBroker);
  const left = (await run.broker?.clean(components.edges.map(({ name }) => name))) ?? [];
  await run.truth.flush(patience(stop).readMs);
  // What the parts handed on while they ended counts too.
  await readToEnd(run);
  await feed.stop();
  return [...warnings, ...left];
}

/** What an edge has acknowledged and not delivered is found nowhere, but not gone: it would have come. */
function undelivered(frames: number): string[] {
  if (frames === 0) return [];
  const held = frames === 1 ? '1 frame was' : `${frames} frames were`;
  return [`${held} still on the edges' disks when the run ended: their messages count as lost`];
}

async function outboxesEmpty(run: Run): Promise<boolean> {
  await run.scraper.scrape();
  return (
    run.scraper.gauge('fleetbed_outbox_frames') === 0 &&
    run.scraper.gauge('fleetbed_outbox_waiting_bytes') === 0 &&
    run.scraper.gauge('fleetbed_bridge_pending_bytes') === 0
  );
}

async function brokerEmpty({ broker, scraper, components, stop }: Run): Promise<void> {
  if (!broker) return;
  const stillness = new BrokerStillness(scraper, components.edges.length);
  const isEmpty = async (): Promise<boolean> => {
    await scraper.scrape();
    return stillness.isStill;
  };
  await within(patience(stop).drainMs, isEmpty, stop);
}

async function readToEnd(run: Run): Promise<void> {
  const { feed, stop } = run;
  for (;;) {
    const before = feed.lag().records;
    try {
      await feed.reachEnd(patience(stop).readMs);
      return;
    } catch (error) {
      // A ledger that has fallen far behind takes longer, and is waited for while it gains.
      if (!stop.reason && feed.lag().records < before) continue;
      stop.request(error instanceof Error ? error : new Error(String(error)));
      return;
    }
  }
}

/** @param stop a reason to hurry up in the middle of it */
async function within(
  timeoutMs: number,
  holds: () => boolean | Promise<boolean>,
  stop?: Stop,
): Promise<void> {
  const hurriedAtStart = stop?.reason !== undefined;
  let deadline = Date.now() + timeoutMs;
  while (!(await holds()) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (stop?.reason && !hurriedAtStart) deadline = Math.min(deadline, Date.now() + hurried.drainMs);
  }
}
