import { strict as assert } from 'node:assert';
import type { EventEmitter } from 'node:events';
import type { Client } from 'aedes';
import mqtt, { type Packet } from 'mqtt-packet';

type Enqueue = (this: WholePacketParser, packet: Packet) => void;

/** Of aedes' client, what its types do not show. test/wire/lean-client.test.ts fails when it changes. */
type Insides = Client & {
  _parser: WholePacketParser | EventEmitter;
  _eos: () => void;
  _inboundInflight: Set<unknown>;
  subscriptions: object;
  duplicates: object;
};

/**
 * Gives back most of what aedes keeps for a client that it may never need: a parser with a stream and a packet of its own,
 * watchers of the socket's end beside those that are there, tables. It is half of all that a car's connection holds in a
 * broker's heap, which has to be looked through again and again.
 *
 * @param client has been let in with a clean session, and nothing that is unfinished was read from it; from now on its parser is
 *   given whole packets only, and whoever calls this closes it when its socket has closed
 */
export function makeLean(client: Client): void {
  if (client.closed) return;
  const insides = client as Insides;
  const listeners = (insides._parser as EventEmitter).listeners('packet');
  assert(listeners.length === 1, 'aedes listens to its parser in another way');
  insides._parser = new WholePacketParser(client, listeners[0] as Enqueue);
  insides._eos();
  insides._eos = nothing;
  insides._inboundInflight = noQos2;
  insides.subscriptions = new Table();
  insides.duplicates = new Table();
}

function nothing(): void {}

/** QoS 2 is refused before aedes sees it. */
const noQos2 = new Set<never>();

/** As Object.create(null), but V8 makes no hash table of it while it is empty. */
const Table = function () {} as unknown as new () => object;
Table.prototype = Object.create(null);

type SharedParser = ReturnType<typeof mqtt.parser> & { owner: WholePacketParser; error: Error | null };

/** Between two packets a parser remembers nothing: the one that is free is used for all clients. */
const free: SharedParser[] = [];

/** In the place of aedes' parser: borrows one while there is something to parse. */
class WholePacketParser {
  readonly client: Client;
  /** aedes kept packets here before the client was let in, and sets it when it closes. */
  _queue: null = null;
  readonly #enqueue: Enqueue;
  #borrowed: SharedParser | undefined;
  #isClosed = false;

  constructor(client: Client, enqueue: Enqueue) {
    this.client = client;
    this.#enqueue = enqueue;
  }

  /** aedes may call it again out of the handling of a packet: the rest of what was given first comes first. */
  parse(bytes: Buffer): void {
    if (this.#isClosed) return;
    if (this.#borrowed) {
      this.#borrowed.parse(bytes);
      return;
    }
    const parser = free.pop() ?? newParser(this);
    parser.owner = this;
    this.#borrowed = parser;
    const left = parser.parse(bytes);
    this.#borrowed = undefined;
    if (left === 0 && parser.error === null) free.push(parser);
  }

  take(packet: Packet): void {
    if (!this.#isClosed) this.#enqueue(packet);
  }

  /** aedes wants no more of it. */
  removeAllListeners(): void {
    this.#isClosed = true;
  }
}

function newParser(owner: WholePacketParser): SharedParser {
  const parser = Object.assign(mqtt.parser(), { owner }) as SharedParser;
  parser.on('packet', (packet) => parser.owner.take(packet));
  parser.on('error', (error) => parser.owner.client.emit('error', error));
  return parser;
}
