import net from 'node:net';

/**
 * Takes connections and keeps them: the other end of bare TCP. What comes in is answered with as many bytes as a CONNACK has.
 */
const answer = Buffer.from([0x20, 2, 0, 0]);
const server = net.createServer((socket) =>
  socket.on('error', () => {}).on('data', () => socket.write(answer)),
);
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 }, () =>
  process.stdout.write('listens\n'),
);
