import net, { type Socket } from 'node:net';

/**
 * All sockets read into this one buffer: what came is used up, or copied out of it, before the next read (libuv on Unix reads when
 * a socket is readable, not before).
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Of a TCP socket's handle in Node 24, what its types do not show. test/wire/direct-reads.test.ts fails when it changes. */
interface Handle {
  readonly bytesRead: number;
  reading: boolean;
  onread: OnRead;
  useUserBuffer(buffer: Uint8Array): void;
  readStop(): number;
}

type OnRead = (this: Handle, bytes: ArrayBuffer | undefined) => unknown;

/** Reads a socket past its stream. One function serves all sockets, and finds its reader with the handle. */
interface DirectReader {
  /** Of its socket, as of the last read; 0 at first. Kept here alone. */
  bytesRead: number;
}

export interface ServerReader extends DirectReader {
  readonly socket: Socket;
  /** The socket was never paused: nothing waits in its stream. */
  readonly wasNeverPaused: boolean;
  /** @param chunk to keep */
  arrived(chunk: Buffer): void;
}

export interface ClientReader extends DirectReader {
  /** The socket may be written to. */
  connected(): void;
  /** @param bytes of which the first `length` came, to read before this returns */
  arrived(bytes: Buffer, length: number): void;
}

const readerOf = Symbol('reader');

/** Node's own, which all sockets share. */
let streamReads: OnRead | undefined;

/**
 * Hands on what comes in without the way through Node's streams, which costs a broker half of its reading: 64 KiB that are
 * allocated and given back, an ArrayBuffer, a chunk's way through the stream's state and an event. The stream still has what
 * comes while it does not flow, and the end. For the `onread` that Node offers, a server's sockets come too late.
 *
 * @param reader of plain TCP, of which nothing was read
 */
export function readDirectly(reader: ServerReader): void {
  const handle = handleOf(reader.socket);
  if (handle === null) return;
  handle.useUserBuffer(readBuffer);
  takeOver(handle, reader, serverRead);
}

/**
 * Connects a client's socket, which may be paused and resumed like any, but has no 'data'. Of what Node does at each read with
 * `onread`, which looks at four objects of the socket, the read alone is left: the first of 17,000 sockets has fallen out of
 * the caches when the last one was served.
 */
export function connectDirectly(address: { host: string; port: number }, reader: ClientReader): Socket {
  const onread = { buffer: readBuffer, callback: nothingYet };
  const socket = net.connect({ ...address, onread }, () => {
    const handle = handleOf(socket);
    if (handle !== null) takeOver(handle, reader, clientRead);
    reader.connected();
  });
  return socket;
}

/** null: it is closed already. */
function handleOf(socket: Socket): Handle | null {
  return (socket as unknown as { _handle: Handle | null })._handle;
}

function takeOver<R extends DirectReader>(
  handle: Handle,
  reader: R,
  read: (this: Handle & { [readerOf]: R }, bytes: ArrayBuffer | undefined) => unknown,
): void {
  streamReads ??= handle.onread;
  (handle as Handle & { [readerOf]: R })[readerOf] = reader;
  handle.onread = read as OnRead;
}

function serverRead(this: Handle & { [readerOf]: ServerReader }, bytes: ArrayBuffer | undefined): unknown {
  const reader = this[readerOf];
  const length = arrivedBytes(this, reader);
  if (length === 0) return streamReads?.call(this, bytes);
  const chunk = Buffer.allocUnsafe(length);
  readBuffer.copy(chunk, 0, 0, length);
  const { socket } = reader;
  if (reader.wasNeverPaused || (socket.readableFlowing === true && socket.readableLength === 0)) {
    reader.arrived(chunk);
  } else if (!socket.push(chunk)) {
    this.reading = false;
    this.readStop();
  }
  return undefined;
}

function clientRead(this: Handle & { [readerOf]: ClientReader }, bytes: ArrayBuffer | undefined): unknown {
  const reader = this[readerOf];
  const length = arrivedBytes(this, reader);
  if (length === 0) return streamReads?.call(this, bytes);
  reader.arrived(readBuffer, length);
  return undefined;
}

/** @returns 0 at its end, or for an error */
function arrivedBytes(handle: Handle, reader: DirectReader): number {
  const total = handle.bytesRead;
  const length = total - reader.bytesRead;
  reader.bytesRead = total;
  return length;
}

/** Nothing is read before the socket is connected. */
function nothingYet(): boolean {
  return true;
}
