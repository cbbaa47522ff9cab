import { clientId, isName, passwordMatches } from '#contract/identity.ts';
import { edgeMayPublish, edgeMaySubscribe, edgeTopics } from '#contract/mqtt-topics.ts';
import type { BrokerGuard, Settle } from '#wire/broker-guard.ts';
import { FrameWriter, type WriterContext } from './frame-writer.ts';

export interface EdgesOptions {
  edgeSecret: string;
  /** Closes the edge's connection; wired to the broker. */
  disconnect(edge: string, reason: string): void;
  /** What an edge says of itself, or its last will does. */
  onState(edge: string, payload: Buffer): void;
}

/** The edges that are connected: who may come in, and one writer for each connection. */
export class Edges {
  readonly guard: BrokerGuard;
  readonly #context: WriterContext;
  readonly #options: EdgesOptions;
  readonly #writers = new Map<string, FrameWriter>();
  #draining = false;
  #turnedAway = false;
  #settledFrames = 0;

  constructor(context: WriterContext, options: EdgesOptions) {
    this.#context = context;
    this.#options = options;
    this.guard = {
      authenticate: ({ clientId: id, username, password }) => {
        if (username === undefined || !isName(username)) return { refuse: 'bad-credentials' };
        if (!passwordMatches(options.edgeSecret, username, password)) return { refuse: 'bad-credentials' };
        // An edge of another run would have its frames written under this one.
        if (id !== username && id !== clientId(context.run, username)) return { refuse: 'foreign-client-id' };
        if (this.#turnedAway) return { refuse: 'unavailable' };
        return username;
      },
      mayPublish: edgeMayPublish,
      maySubscribe: edgeMaySubscribe,
      onConnected: (edge) => this.#connected(edge),
      onGone: (edge) => this.#gone(edge),
      onPublish: ({ name, topic, payload }, settle) => {
        if (topic === edgeTopics.uplink(name)) this.#writers.get(name)?.offer(payload, this.#counted(settle));
        else {
          options.onState(name, payload);
          settle();
        }
      },
    };
  }

  get connected(): number {
    return this.#writers.size;
  }

  get pendingBytes(): number {
    let bytes = 0;
    for (const writer of this.#writers.values()) bytes += writer.waitingBytes;
    return bytes;
  }

  /** Frames that were settled since the start. */
  get settledFrames(): number {
    return this.#settledFrames;
  }

  /** Ends all connections and refuses new ones, until takeAgain(): the edges try their next bridge. */
  turnAway(why: string): void {
    this.#turnedAway = true;
    for (const edge of [...this.#writers.keys()]) this.#options.disconnect(edge, why);
  }

  takeAgain(): void {
    this.#turnedAway = false;
  }

  /** Commits and settles what waits; frames that come after this are not taken, their edges send them again elsewhere. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.all([...this.#writers.values()].map(async (writer) => writer.drain()));
  }

  #counted(settle: Settle): Settle {
    return (error) => {
      this.#settledFrames++;
      settle(error);
    };
  }

  #connected(edge: string): void {
    this.#gone(edge);
    if (this.#draining) return;
    const writer = new FrameWriter(edge, this.#context, () => {
      // An edge that came again has another writer, and a connection that is none of this one's business.
      if (this.#writers.get(edge) === writer)
        this.#options.disconnect(edge, 'another bridge has taken this edge over');
    });
    this.#writers.set(edge, writer);
  }

  #gone(edge: string): void {
    this.#writers.get(edge)?.close();
    this.#writers.delete(edge);
  }
}
