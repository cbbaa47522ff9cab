import { setTimeout as sleep } from 'node:timers/promises';
import { clientId, password } from '#contract/identity.ts';
import { carTopics } from '#contract/mqtt-topics.ts';
import { MqttClient, type CloseReason } from '#wire/mqtt-client.ts';
import type { Letter } from './letters.ts';
import type { Target } from './request.ts';

/** A letter that the edge did not acknowledge. */
export interface Unsent {
  letter: Letter;
  why: string;
}

/** Its client id is {this}/{vin}, so that an edge's log tells it from the car. */
const ownRun = 'redrive';
/** Messages in flight, until a connection breaks; then one by one, to find which one breaks it. */
const window = 32;
const connectTimeoutMs = 5000;
const ackTimeoutMs = 10_000;
const pauseMs = 200;
/** Of one letter that the edge answers by closing: the car itself, which takes its connection back, is one cause. */
const mostTries = 5;
/** Letters given up in a row before the others of the car are. */
const mostGivenUp = 3;
/** Cars at once. */
const mostConnections = 50;

/** Sends letters again, each as its car would, one connection a car. @returns those that were not acknowledged */
export async function sendAgain(letters: ReadonlyMap<string, Letter[]>, target: Target): Promise<Unsent[]> {
  const waiting = [...letters];
  const unsent: Unsent[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      unsent.push(...(await sendAll(...next, target)));
  };
  await Promise.all(Array.from({ length: Math.min(mostConnections, waiting.length) }, work));
  return unsent;
}

async function sendAll(vin: string, letters: readonly Letter[], target: Target): Promise<Unsent[]> {
  const unsent: Unsent[] = [];
  let left = letters;
  let width = window;
  let tries = 0;
  let givenUp = 0;
  for (;;) {
    const { acked, ended } = await connection(vin, left, width, target);
    left = left.slice(acked);
    const [first] = left;
    if (first === undefined) return unsent;
    const why = endedInWords(ended, target);
    // The first break says nothing of the first letter: one behind it may have caused it.
    tries = acked > 0 || width > 1 ? 0 : tries + 1;
    width = 1;
    if (acked > 0) givenUp = 0;
    if (tries >= mostTries) {
      unsent.push({ letter: first, why });
      left = left.slice(1);
      tries = 0;
      givenUp++;
    }
    if (isFinal(ended) || givenUp >= mostGivenUp)
      return [...unsent, ...left.map((letter) => ({ letter, why }))];
    if (left.length === 0) return unsent;
    await sleep(pauseMs);
  }
}

/** Another try would end like this one. */
function isFinal(ended: CloseReason): boolean {
  return ended === 'unreachable' || ended === 'timeout' || ended.startsWith('refused:');
}

/** One connection, until all is acknowledged or it ends. */
async function connection(
  vin: string,
  letters: readonly Letter[],
  width: number,
  { edge, fleetSecret }: Target,
): Promise<{ acked: number; ended: CloseReason }> {
  const over = Promise.withResolvers<CloseReason>();
  let sent = 0;
  let acked = 0;
  const timer = setTimeout(() => over.resolve('timeout'), connectTimeoutMs + ackTimeoutMs);
  const pump = (to: MqttClient): void => {
    for (let next = letters[sent]; next; next = letters[sent]) {
      if (!to.publish(carTopics.telemetry(vin), next.bytes, 1, sent)) return;
      sent++;
    }
  };
  const client = new MqttClient(
    {
      ...edge,
      clientId: clientId(ownRun, vin),
      username: vin,
      password: password(fleetSecret, vin),
      keepAliveSeconds: 30,
      connectTimeoutMs,
      inFlightLimit: width,
      reconnect: { minMs: pauseMs, maxMs: pauseMs },
    },
    {
      onConnect: pump,
      onWritable: pump,
      onAck: (to) => {
        acked++;
        timer.refresh();
        if (acked === letters.length) over.resolve('closed');
        else pump(to);
      },
      onClose: (_, reason) => over.resolve(reason),
    },
  );
  client.connect();
  const ended = await over.promise;
  clearTimeout(timer);
  await client.end({ graceful: ended === 'closed' });
  return { acked, ended };
}

function endedInWords(ended: CloseReason, { edge }: Target): string {
  const where = `${edge.host.includes(':') ? `[${edge.host}]` : edge.host}:${edge.port}`;
  if (ended === 'unreachable') return `no edge can be reached at ${where}`;
  if (ended === 'timeout') return `the edge at ${where} did not answer in time`;
  if (ended === 'refused:bad-credentials')
    return `the edge at ${where} refuses the password: FLEETBED_FLEET_SECRET is not its own`;
  if (ended.startsWith('refused:')) return `the edge at ${where} refuses the connection (${ended})`;
  return `the edge at ${where} closed the connection before it answered (${ended}): it has no room, or takes no message as large, or the car itself came back`;
}
