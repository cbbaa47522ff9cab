import { nameInRun, runKey } from '#contract/identity.ts';
import { edgeStateCodec, type EdgeState } from '#contract/records.ts';
import { topicName } from '#contract/topics.ts';
import { inWords } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import { readTopics, type ReadRecord, type TopicReader } from '#wire/kafka-reader.ts';
import { kafkaInWords, type Kafka } from '#wire/kafka.ts';
import type { BridgeMetrics } from '../bridge-metrics.ts';
import { StateWriter } from './state-writer.ts';

export interface EdgeStatesOptions {
  kafka: Kafka;
  run: string;
  topicPrefix: string;
  /** Kafka has lost what was read already: only a new start helps. */
  fail: (error: unknown) => void;
  metrics: BridgeMetrics;
  log: Log;
}

/** The newest state of an edge that this bridge knows. */
interface Known {
  connection: number;
  at: number;
  /** Where an edge of this bridge said it: what fleet.edges should hold in the end. */
  own: Buffer | null;
}

/** A state takes some hundred bytes, and one of each edge is held. */
const maxStateBytes = 64 * 1024;
const learnTimeoutMs = 5_000;
const drainTimeoutMs = 5_000;

/**
 * States of edges -> fleet.edges, the newest connection of each edge winning. It goes on reading fleet.edges as well: an
 * edge may have moved here from a bridge that learns of it too late, and a request to Kafka that was given up may still be
 * carried out. When something older has come to stand behind a state of ours, ours is written again.
 */
export class EdgeStates {
  readonly #options: EdgeStatesOptions;
  readonly #writer: StateWriter;
  readonly #known = new Map<string, Known>();
  /** Edges whose last state was bad, and said so. */
  readonly #complained = new Set<string>();
  #reader: TopicReader | undefined;

  private constructor(options: EdgeStatesOptions) {
    const { kafka, topicPrefix, metrics, log } = options;
    this.#options = options;
    this.#writer = new StateWriter({
      kafka,
      topic: topicName('fleet.edges', topicPrefix),
      onWritten: (records) => metrics.statesWritten.inc(records),
      log,
    });
  }

  /**
   * Resolves when fleet.edges has been read, or does not let itself be read in some seconds.
   * @throws UserError when Kafka cannot be reached or lacks the topic
   */
  static async open(options: EdgeStatesOptions): Promise<EdgeStates> {
    const states = new EdgeStates(options);
    try {
      await states.#follow();
    } catch (error) {
      await states.drain();
      throw error;
    }
    return states;
  }

  /** Edges whose latest state is not in Kafka. */
  get waiting(): number {
    return this.#writer.waiting;
  }

  /** What an edge says of itself, or its last will does. It is a state, not a stream: nothing is owed for an older one. */
  offer(edge: string, payload: Buffer): void {
    const state = this.#read(edge, payload);
    if (state === null) return;
    const known = this.#known.get(edge);
    if (known && isOlder(state, known)) {
      this.#options.metrics.statesLate.inc();
      return;
    }
    const { connection, at } = state;
    const own = Buffer.from(payload);
    this.#known.set(edge, { connection, at, own });
    this.#writer.put(runKey(this.#options.run, edge), own);
  }

  /** Writes what waits; gives up after some seconds. */
  async drain(): Promise<void> {
    const unwritten = await this.#writer.drain(drainTimeoutMs);
    if (unwritten > 0) {
      this.#options.log.warn({ edges: unwritten }, 'ends without having written the last states of edges');
    }
    await this.#reader?.stop();
  }

  #read(edge: string, payload: Buffer): EdgeState | null {
    try {
      if (payload.length > maxStateBytes)
        throw new Error(`${payload.length} bytes, more than ${maxStateBytes}`);
      const state = edgeStateCodec.decode(payload);
      if (state.edge !== edge) throw new Error(`it is the state of ${JSON.stringify(state.edge)}`);
      this.#complained.delete(edge);
      return state;
    } catch (error) {
      this.#options.metrics.statesRefused.inc();
      // Once until a good one comes: an edge says its state all the time.
      if (!this.#complained.has(edge)) {
        this.#options.log.warn({ edge, reason: inWords(error) }, "an edge's state is none: passed over");
      }
      this.#complained.add(edge);
      return null;
    }
  }

  async #follow(): Promise<void> {
    const { kafka, topicPrefix, fail, log } = this.#options;
    const topics = [topicName('fleet.edges', topicPrefix)];
    const reader = await readTopics(kafka, {
      topics,
      from: 'beginning',
      consumer: 'states',
      onBatch: (records) => this.#learn(records),
    });
    this.#reader = reader;
    reader.failed.catch(fail);
    try {
      await reader.reachEnd(learnTimeoutMs, 'stable');
    } catch (error) {
      log.warn({ reason: kafkaInWords(error) }, 'what edges said before is not known yet');
    }
  }

  #learn(records: readonly ReadRecord[]): void {
    /** What came first in a batch is overtaken by what came last. */
    const last = new Map<string, Buffer>();
    for (const { key, value } of records) {
      const edge = nameInRun(this.#options.run, key);
      if (value !== null && edge !== null) last.set(edge, value);
    }
    for (const [edge, bytes] of last) this.#compare(edge, bytes);
  }

  /** What stands in Kafka beside what is known here. */
  #compare(edge: string, bytes: Buffer): void {
    const { run, metrics, log } = this.#options;
    const known = this.#known.get(edge);
    const key = runKey(run, edge);
    if (known?.own?.equals(bytes) || this.#writer.isWaiting(key)) return;
    const state = decodeOrNull(bytes);
    if (known && (state === null || !isNewer(state, known))) {
      if (known.own === null) return;
      metrics.statesWrittenAgain.inc();
      this.#writer.put(key, known.own);
    } else if (state === null) {
      log.warn({ edge }, 'a record of fleet.edges is none of ours: passed over');
    } else {
      this.#known.set(edge, { connection: state.connection, at: state.at, own: null });
    }
  }
}

/**
 * Is it of an earlier connection, such as its last will that comes late? An edge that has lost its disk counts from 1 again:
 * only its clock says that it is newer.
 */
function isOlder(state: { connection: number; at: number }, known: Known): boolean {
  return state.connection < known.connection && state.at <= known.at;
}

/** One connection is at one bridge: of our own connection, nobody else knows anything newer. */
function isNewer(state: { connection: number; at: number }, known: Known): boolean {
  if (known.own !== null && state.connection === known.connection) return false;
  return !isOlder(state, known);
}

function decodeOrNull(bytes: Buffer): EdgeState | null {
  try {
    return edgeStateCodec.decode(bytes);
  } catch {
    return null;
  }
}
