import { createServer, connect, type Server, type Socket } from 'node:net';
import { UserError, inWords } from '#runtime/errors.ts';

/**
 * A TCP proxy that stands for a network link, so that a link can be cut from outside the parts that it joins. It is put
 * only on links that the timeline names: every other link is direct.
 */
export class LinkProxy {
  readonly name: string;
  readonly #listen: { host: string; port: number };
  readonly #target: { host: string; port: number };
  readonly #pairs = new Set<[Socket, Socket]>();
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
    const server = createServer({ allowHalfOpen: false, noDelay: true }, (near) => this.#join(near));
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
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    await closed;
  }

  #join(near: Socket): void {
    const far = connect({ ...this.#target, noDelay: true });
    const pair: [Socket, Socket] = [near, far];
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    // An error is always followed by 'close', which ends the other side.
    near.on('error', () => {}).on('close', end);
    far.on('error', () => {}).on('close', end);
    near.pipe(far).pipe(near);
  }
}
