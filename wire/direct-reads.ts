import type { Socket } from 'node:net';

/** All sockets read into this one buffer: what came is copied out of it before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Of a TCP socket's handle in Node 24, what its types do not show. test/wire/direct-reads.test.ts fails when it changes. */
interface Handle {
  readonly bytesRead: number;
  reading: boolean;
  onread: (bytes: ArrayBuffer | undefined) => unknown;
  useUserBuffer(buffer: Uint8Array): void;
  readStop(): number;
}

/**
 * Hands on what comes in without the way through Node's streams, which costs a broker half of its reading: 64 KiB that are
 * allocated and given back, an ArrayBuffer, a chunk's way through the stream's state and an event. The stream still has what
 * comes while it does not flow, and the end. For the `onread` that Node offers, a server's sockets come too late.
 *
 * @param socket plain TCP, of which nothing was read
 * @param taker gets what came, to keep
 */
export function readDirectly(socket: Socket, taker: { arrived(bytes: Buffer): void }): void {
  const handle = (socket as unknown as { _handle: Handle | null })._handle;
  // It is closed already.
  if (handle === null) return;
  const streamReads = handle.onread;
  let before = handle.bytesRead;
  handle.useUserBuffer(readBuffer);
  handle.onread = (bytes) => {
    const total = handle.bytesRead;
    const length = total - before;
    before = total;
    // Its end, or an error.
    if (length === 0) return streamReads.call(handle, bytes);
    const chunk = Buffer.allocUnsafe(length);
    readBuffer.copy(chunk, 0, 0, length);
    if (socket.readableFlowing === true && socket.readableLength === 0) {
      taker.arrived(chunk);
    } else if (!socket.push(chunk)) {
      handle.reading = false;
      handle.readStop();
    }
    return undefined;
  };
}
