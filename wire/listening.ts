import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

/** 5,000 cars a second come in. */
const backlog = 4096;
/**
 * libuv takes one connection of a listening socket in each turn of the event loop (libuv #3696), of which a busy broker has few. So many
 * sockets share a port, where Linux lets them: a turn takes several.
 */
const socketsPerPort = 8;
const sharesPorts = process.platform === 'linux';

/**
 * Servers that all listen on one port.
 * @param port 0 picks a free one
 * @throws the system's error when it cannot listen; nobody listens then
 */
export async function listenOn(
  { host, port }: { host: string; port: number },
  onSocket: (socket: Socket) => void,
): Promise<net.Server[]> {
  if (!sharesPorts) return [await listening({ host, port, reusePort: false }, onSocket)];
  // A shared port is open to every process of the same user: one that is taken has to be an error, as anywhere.
  if (port !== 0)
    await freed(await listening({ host, port, reusePort: false }, (socket) => socket.destroy()));
  const servers = [await listening({ host, port, reusePort: true }, onSocket)];
  const at = { host, port: portOf(servers[0]!), reusePort: true };
  try {
    while (servers.length < socketsPerPort) servers.push(await listening(at, onSocket));
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return servers;
}

export function portOf(server: net.Server): number {
  return (server.address() as AddressInfo).port;
}

async function listening(
  at: { host: string; port: number; reusePort: boolean },
  onSocket: (socket: Socket) => void,
): Promise<net.Server> {
  const server = net.createServer({ noDelay: true }, onSocket);
  server.listen({ ...at, backlog });
  await once(server, 'listening');
  return server;
}

async function freed(server: net.Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
