import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError, inWords } from './errors.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

export interface HealthOptions {
  /** Loopback unless the configuration says otherwise: the metrics are for the operator alone. */
  host: string;
  /** 0: any free port */
  port: number;
  metrics: Metrics;
  log: Log;
}

/** GET /metrics (Prometheus), /healthz (the process answers), /readyz (it takes work; 503 and why while it does not). */
export class Health {
  readonly #options: HealthOptions;
  readonly #server: Server;
  #unreadyReason: string | undefined = 'starting';

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.log.error({ err: error, url: request.url }, 'health request failed');
        reply(response, 500, 'internal error\n');
      });
    });
    // A client that trickles its request holds a descriptor no longer than this.
    this.#server.requestTimeout = 10_000;
    this.#server.maxConnections = 64;
  }

  /** @returns the port it listens on. @throws UserError when it cannot */
  async start(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new UserError('component', `health endpoint: ${inWords(error)}`, { cause: error }));
      });
      this.#server.listen(port, host, resolve);
    });
    // Later errors are those of accepting a connection (no descriptor left): the component goes on.
    this.#server.on('error', (error) => this.#options.log.error({ err: error }, 'health endpoint'));
    return (this.#server.address() as AddressInfo).port;
  }

  setReady(ready: boolean, reason = 'not ready'): void {
    this.#unreadyReason = ready ? undefined : reason;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      reply(response, 405, 'GET only\n');
      return;
    }
    switch (request.url?.split('?')[0] ?? '') {
      case '/metrics':
        reply(response, 200, await this.#options.metrics.text(), this.#options.metrics.contentType);
        break;
      case '/healthz':
        reply(response, 200, 'ok\n');
        break;
      case '/readyz':
        if (this.#unreadyReason === undefined) reply(response, 200, 'ready\n');
        else reply(response, 503, `${this.#unreadyReason}\n`);
        break;
      default:
        reply(response, 404, 'there are /metrics, /healthz and /readyz\n');
    }
  }
}

function reply(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
