import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { UserError } from '#runtime/errors.ts';
import { localPortRange } from './machine-limits.ts';

/**
 * Ports for the servers of a run. They lie below the range from which the kernel takes local ports of outgoing
 * connections: a part that is killed and restarted must find its port free, and 100,000 cars use up that whole range.
 */
const lowestPort = 10_000;
const usualEphemeralLow = 32_768;
const handedOut = new Set<number>();

/**
 * A port on 127.0.0.1 that nobody listens on and that this process has not handed out before.
 * @throws UserError when there is none left
 */
export async function pickPort(): Promise<number> {
  const count = ephemeralLow() - lowestPort;
  const first = randomInt(count);
  for (let n = 0; n < count; n++) {
    const port = lowestPort + ((first + n) % count);
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (await isFree(port)) return port;
  }
  throw new UserError('component', `no free port between ${lowestPort} and ${lowestPort + count - 1}`);
}

/** Where the kernel's local ports begin; Linux says so, elsewhere its usual value is taken. */
export function ephemeralLow(): number {
  const low = localPortRange()?.low ?? usualEphemeralLow;
  return low > lowestPort ? low : usualEphemeralLow;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
