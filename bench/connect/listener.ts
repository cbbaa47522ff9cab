import net from 'node:net';

/** Takes connections and keeps them: the other end of bare TCP. */
const server = net.createServer((socket) => socket.on('error', () => {}).resume());
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 }, () =>
  process.stdout.write('listens\n'),
);
