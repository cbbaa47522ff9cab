import { createServer, connect, type Server, type Socket } from 'node:net';
import { UserError, inWords } from '#runtime/errors.ts';
import type { Breakable } from './link/breakable.ts';
import { Flow } from './link/flow.ts';
import { Line } from './link/line.ts';

interface Connection {
  near: Socket;
  far: Socket;
  flows: [Flow, Flow];
}

/**
 * A TCP proxy that stands for a network link, so that a link can be cut, slowed, narrowed and reset from outside the
 * parts that it joins. It is put only on links that the timeline names: every other link is direct.
 */
export class LinkProxy implements Breakable {
  readonly name: string;
  readonly #listen: { host: string; port: number };
  readonly #target: { host: string; port: number };
  readonly #there = new Line();
  readonly #back = new Line();
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;

  constructor(name: string, listen: { host: string; port: number }, target: { host: string; port: number }) {
    this.name = name;
    this.#listen = listen;
    this.#target = target;
  }

  get address(): string {
    return `${this.#listen.host}:${this.#listen.port}`;
  }

  /** Also heals a cut link. @throws UserError when the port cannot be had */
  async open(): Promise<void> {
    if (this.#server) return;
    // Half-open: what is still on its way to who has ended its own half must arrive.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#join(near));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(new UserError('component', `link ${this.name}: ${inWords(error)}`, { cause: error })),
      );
      server.listen(this.#listen.port, this.#listen.host, resolve);
    });
    this.#server = server;
  }

  /** Ends every connection with a reset and takes no new one until it is opened again. */
  async cut(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.reset();
    await closed;
  }

  /** Ends every connection with a reset; new ones are taken at once. */
  reset(): void {
    for (const { near, far } of this.#connections) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /**
   * Every byte is late, in both directions, on present and new connections. Only bytes and ends: a connection is made, and
   * reset, at once.
   * @param jitterMs the latency is this much more or less
   */
  slow(latencyMs: number, jitterMs: number): void {
    for (const line of this.#lines) line.slow(latencyMs, jitterMs);
  }

  /** In each direction, all connections together. */
  limit(bytesPerSecond: number): void {
    for (const line of this.#lines) line.limit(bytesPerSecond);
  }

  /** Neither slow nor limited any more: what was held up goes on at once. */
  clear(): void {
    for (const line of this.#lines) {
      line.slow(0, 0);
      line.limit(Number.POSITIVE_INFINITY);
    }
    for (const { flows } of this.#connections) for (const flow of flows) flow.pump();
  }

  get #lines(): [Line, Line] {
    return [this.#there, this.#back];
  }

  #join(near: Socket): void {
    const far = connect({ ...this.#target, noDelay: true, allowHalfOpen: true });
    const connection: Connection = {
      near,
      far,
      flows: [new Flow(near, far, this.#there), new Flow(far, near, this.#back)],
    };
    this.#connections.add(connection);
    const closed = (): void => {
      if (near.destroyed && far.destroyed) this.#connections.delete(connection);
    };
    // An error is always followed by 'close', of which the flow tells the other side.
    near.on('error', () => {}).on('close', closed);
    far.on('error', () => {}).on('close', closed);
  }
}
