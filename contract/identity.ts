import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Names that cross a border: MQTT client ids and credentials, Kafka transactional ids. A run's short id is part of
 * every one of them, so that two runs on one broker or one Kafka never mix.
 */

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const vinPattern = /^[A-Za-z0-9]{5,32}$/;

/** Is it a name that may stand in a topic, a key and a file name (run, edge, shard)? */
export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** Is it a vehicle identification number? 17 letters and digits for road cars (ISO 3779); machines may be shorter. */
export function isVin(text: string): boolean {
  return vinPattern.test(text);
}

/** A new run id: eight characters that sort by time, then chance. */
export function newRunId(now: number = Date.now()): string {
  const seconds = Math.floor(now / 1000) % 36 ** 5;
  return seconds.toString(36).padStart(5, '0') + randomBytes(2).toString('hex').slice(0, 3);
}

/** MQTT client id of a car or an edge: its own name, behind the run's. */
export function clientId(run: string, name: string): string {
  return `${run}/${name}`;
}

/**
 * MQTT client id of the session in which a broker of the user's own keeps an edge's frames: who connects under it last
 * gets them. No edge's and no car's client id looks like it.
 */
export function bridgeSessionId(run: string, edge: string): string {
  return `${run}/bridge/${edge}`;
}

/** MQTT client id of a bridge process itself there; `bridge` is its own name or a chance one. */
export function bridgeClientId(run: string, bridge: string): string {
  return `${run}/bridges/${bridge}`;
}

/** A car or an edge may call itself by its name alone or behind a run id; nobody may use another's name. */
export function ownsClientId(name: string, id: string): boolean {
  if (id === name) return true;
  const slash = id.indexOf('/');
  return slash > 0 && id.slice(slash + 1) === name && isName(id.slice(0, slash));
}

/** Password of a car or an edge: HMAC-SHA256(secret, name), hex. `openssl dgst -sha256 -hmac` gives the same. */
export function password(secret: string, name: string): string {
  return createHmac('sha256', secret).update(name).digest('hex');
}

/** Compares in constant time. */
export function passwordMatches(secret: string, name: string, given: Buffer | string | undefined): boolean {
  if (given === undefined) return false;
  const expected = Buffer.from(password(secret, name));
  const actual = Buffer.isBuffer(given) ? given : Buffer.from(given);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** Kafka transactional id of the bridge's producer for one edge: fencing is per edge. */
export function transactionalId(prefix: string, run: string, edge: string): string {
  return `${prefix}${run}/${edge}`;
}

/** Key of what belongs to one edge or shard of a run. */
export function runKey(run: string, name: string): string {
  return `${run}/${name}`;
}

/** The name in such a key; null where it is another run's key, or none of this kind. */
export function nameInRun(run: string, key: Buffer | string | null | undefined): string | null {
  const text = key?.toString() ?? '';
  const prefix = runKey(run, '');
  const name = text.slice(prefix.length);
  return text.startsWith(prefix) && isName(name) ? name : null;
}
