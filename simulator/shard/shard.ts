import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { truthCodec } from '#contract/records.ts';
import { EventLoopDelay } from '#runtime/event-loop-delay.ts';
import { fleetOf, type SimulatorConfig } from '../config.ts';
import { CarConnections } from '../connection/car-connections.ts';
import { ConnectRamp } from '../connection/connect-ramp.ts';
import { Marks } from '../delivery/marks.ts';
import { lateMs, Outgoing } from '../delivery/outgoing.ts';
import { ownCars } from '../fleet.ts';
import { livesOf, type Lives } from '../lives.ts';
import { edgesOfCars } from '../population/spread.ts';
import { vinOf } from '../population/vin.ts';
import { RandomStream } from '../random.ts';
import { Schedule } from '../schedule/schedule.ts';
import { SlowConsumers } from '../spoils/slow-consumers.ts';
import { SpoiledCars } from '../spoils/spoiled-cars.ts';
import { SpoiledLog } from '../spoils/spoiled-log.ts';
import { secondTime, SpoilingCarrier } from '../spoils/spoiling-carrier.ts';
import { ShardCounts } from './counts.ts';
import type { FromShard, ShardTask, ToShard } from './messages.ts';
import { truthOf } from './truth.ts';

/** Messages until sockets and timers get their turn: some 3 ms of work. */
const messagesPerTurn = 300;
/** Marks have to be out a second after the message at the latest, or they could die with the process. */
const marksEveryMs = 800;
const reportEveryMs = 500;
/** Connections of the whole fleet that wait for one edge's answer: more would only wait in its backlog (4,096), or time out. */
const openingPerEdge = 1000;
const finishedPollMs = 20;

/**
 * A worker thread's whole work: its cars live (Lives) by the schedule (Schedule), their messages go out (Outgoing)
 * over their connections (CarConnections), and what was sent is marked (Marks).
 */
class Shard {
  readonly #task: ShardTask;
  readonly #lives: Lives;
  readonly #schedule: Schedule;
  readonly #connections: CarConnections;
  readonly #ramp: ConnectRamp;
  readonly #marks: Marks;
  readonly #outgoing: Outgoing;
  /** These three: only where a scenario spoils what these cars send. */
  readonly #spoiled: SpoiledCars | undefined;
  readonly #spoiling: SpoilingCarrier | undefined;
  readonly #slow: SlowConsumers | undefined;
  readonly #spoiledLog: SpoiledLog;
  readonly #counts = new ShardCounts();
  readonly #eventLoop = new EventLoopDelay();
  readonly #timers: NodeJS.Timeout[];
  readonly #isLeaving: Uint8Array;
  /** performance.now() at the schedule's zero. */
  #zeroMs = Number.NaN;
  #startedAt = Number.NaN;
  /** When its first cars were, ms since 1970. */
  #connectedAt = Number.POSITIVE_INFINITY;
  /** Its schedule has come to its end, or it was stopped before that. */
  readonly #over = Promise.withResolvers<void>();
  #isStopped = false;
  /** Before its end. */
  #wasStopped = false;

  constructor(task: ShardTask) {
    this.#task = task;
    const { config } = task;
    const fleet = fleetOf(config);
    const { index: process, count: processes } = config.process;
    const { workers } = config;
    const indices = ownCars(fleet.cars, { process, processes, worker: task.worker, workers });
    const vins = indices.map((index) => vinOf(fleet.seed, index));
    const sessions = Float64Array.from(indices, newSession);
    const jitter = RandomStream.of(fleet.seed, indices[0] ?? 0, 'connect');
    const random = (): number => jitter.uniform();
    const { qos } = config.fleet;
    this.#isLeaving = new Uint8Array(indices.length);
    this.#marks = new Marks(vins, sessions);
    this.#lives = livesOf(fleet, indices, (slot, times) => {
      const truth = truthOf(vins[slot]!, times, fleet, this.#startedAt);
      // A copy of its own, as with marks.
      this.#post({ type: 'truth', bytes: new Uint8Array(truthCodec.encode(truth)) });
    });
    const edgeOf = indices.map(edgesOfCars(config.spread, config.edges.length, fleet.seed));
    this.#connections = new CarConnections(
      {
        run: config.run,
        vins,
        edges: config.edges,
        edgeOf,
        fleetSecret: config.fleetSecret,
        tls: tlsOf(config),
        keepAliveSeconds: Math.max(1, Math.round(config.keepAlive / 1000)),
        inFlightLimit: config.inFlightLimit,
        qos,
        counts: this.#counts,
        random,
      },
      {
        onRoom: (slot) => this.#onRoom(slot),
        onAck: (slot, seq) => this.#onAck(slot, seq),
        onClosed: (slot) => this.#spoiling?.closed(slot),
      },
    );
    // A shard's part of the whole fleet's rate.
    const rate = (config.connect.rate * Math.max(1, indices.length)) / fleet.cars;
    this.#ramp = new ConnectRamp({
      ratePerSecond: rate,
      random,
      edgeOf,
      openingLimit: Math.max(1, Math.floor(openingPerEdge / (processes * workers))),
      opening: (edge) => this.#connections.openingAt(edge),
      open: (slot) => this.#connections.open(slot),
    });
    this.#spoiledLog = new SpoiledLog(task.name, (record) =>
      this.#post({ type: 'spoiled', bytes: new Uint8Array(record) }),
    );
    this.#spoiled = SpoiledCars.of(fleet, indices);
    const ofCars = {
      carrier: this.#connections,
      marks: this.#marks,
      counts: this.#counts,
      vins,
      sessions,
      qos,
    };
    this.#spoiling =
      this.#spoiled &&
      new SpoilingCarrier({
        ...ofCars,
        cars: this.#spoiled,
        log: this.#spoiledLog,
        onRoom: (slot) => this.#onRoom(slot),
        onGivenUp: (slot, seq) => this.#passOver(slot, seq),
      });
    this.#slow = SlowConsumers.of(fleet, indices, (slot, reads) => this.#connections.setReading(slot, reads));
    this.#outgoing = new Outgoing(
      {
        ...ofCars,
        carrier: this.#spoiling ?? this.#connections,
        intervalMs: fleet.intervalMs,
        pendingLimit: config.pendingLimit,
        nowMs: () => performance.now() - this.#zeroMs,
        startedAt: () => this.#startedAt,
      },
      this.#lives.columns,
    );
    this.#schedule = new Schedule(fleet, indices, {
      due: (slot, dueMs, simTime) => {
        if (this.#lives.live(slot, simTime))
          this.#outgoing.offer(slot, dueMs, this.#spoiled ? this.#clock(slot, dueMs, simTime) : simTime);
        if (this.#isLeaving[slot]) this.#endIfQuiet(slot);
      },
      skip: (slot, simTime) => this.#lives.live(slot, simTime),
      nears: (slot) => this.#letConnect(slot),
      join: (slot) => {
        this.#isLeaving[slot] = 0;
        this.#letConnect(slot);
      },
      leave: (slot) => {
        this.#isLeaving[slot] = 1;
        this.#ramp.remove(slot);
        this.#endIfQuiet(slot);
      },
    });
    this.#timers = [
      setInterval(() => this.#sendMarks(), marksEveryMs),
      setInterval(() => this.#report(), reportEveryMs),
    ];
  }

  /** Connects the first cars, runs the schedule from its start to its end, waits for acknowledgements. */
  async run(): Promise<void> {
    const { port } = this.#task;
    port.on('message', (message: ToShard) => {
      if (message.type === 'start') this.#start(message.at);
      else {
        this.#wasStopped = true;
        this.#stop();
        this.#over.resolve();
      }
    });
    void this.#connectFirst();
    await this.#over.promise;
    this.#stop();
    await this.#quiet();
    this.#outgoing.giveUp();
    this.#spoiling?.giveUp();
    for (const timer of this.#timers) clearInterval(timer);
    this.#sendMarks();
    this.#report();
    this.#post({ type: 'finished' });
    await this.#connections.endAll();
    this.#eventLoop.stop();
    port.close();
  }

  async #connectFirst(): Promise<void> {
    const beganMs = performance.now();
    const first = this.#schedule.firstCars();
    for (const slot of first) this.#ramp.add(slot);
    await this.#connections.settled(first);
    if (this.#isStopped) return;
    const seconds = (performance.now() - beganMs) / 1000;
    this.#connectedAt = Date.now();
    this.#post({ type: 'connected', cars: this.#connections.connected, seconds });
  }

  #start(at: number): void {
    if (!Number.isNaN(this.#startedAt) || this.#isStopped) return;
    this.#startedAt = at;
    // From here on the monotonic clock counts: a step of the wall clock moves nothing.
    this.#zeroMs = performance.now() + at - Date.now();
    const nowMs = performance.now() - this.#zeroMs;
    // It joins a schedule that runs only if it came after its beginning. One that was ready and heard of it late has a machine
    // that starves it: all that was due meanwhile is sent, and counted as late.
    const joins = nowMs > lateMs && this.#connectedAt > at;
    this.#schedule.begin(joins ? nowMs : 0);
    this.#turn();
  }

  #turn(): void {
    if (this.#isStopped) return;
    const nowMs = performance.now() - this.#zeroMs;
    this.#slow?.run(nowMs);
    const allFired = this.#schedule.run(nowMs, messagesPerTurn);
    // At once: of what dies with this process the ledger would take an odd message for a fault.
    this.#spoiledLog.flush();
    if (this.#schedule.isOver(nowMs)) this.#over.resolve();
    else if (allFired) setTimeout(() => this.#turn(), this.#task.config.sendEvery);
    else setImmediate(() => this.#turn());
  }

  #stop(): void {
    this.#isStopped = true;
    this.#schedule.stop();
    this.#ramp.stop();
    this.#slow?.end();
    this.#spoiling?.releaseAll();
  }

  /** Nothing waits and nothing is in flight, or the time for it is over. */
  async #quiet(): Promise<void> {
    const { drainTimeout, finishTimeout } = this.#task.config;
    // A process that is told to end has less time, and its last marks still have to leave.
    const waitMs = this.#wasStopped ? Math.min(finishTimeout, 0.7 * drainTimeout) : finishTimeout;
    const untilMs = performance.now() + waitMs;
    const isQuiet = (): boolean => this.#pending === 0 && this.#marks.unacked === 0;
    await until(() => isQuiet() || performance.now() >= untilMs);
  }

  /** Messages that were due and wait. */
  get #pending(): number {
    return this.#outgoing.pending + (this.#spoiling?.waiting ?? 0);
  }

  /** What the car takes the time to be. */
  #clock(slot: number, dueMs: number, simTime: number): number {
    const own = this.#spoiled?.clock(slot, dueMs, simTime) ?? simTime;
    if (own !== simTime) this.#counts.spoil('skew');
    return own;
  }

  #letConnect(slot: number): void {
    if (!this.#connections.isOpen(slot)) this.#ramp.add(slot);
  }

  #onRoom(slot: number): void {
    this.#spoiling?.sendOwed(slot);
    this.#outgoing.drain(slot);
    if (this.#isLeaving[slot]) this.#endIfQuiet(slot);
  }

  #onAck(slot: number, seq: number): void {
    if (seq !== secondTime) {
      this.#marks.acked(slot, seq);
      this.#counts.acked++;
    }
    this.#spoiling?.acked(slot, seq);
    if (this.#outgoing.hasPending(slot)) this.#outgoing.drain(slot);
    if (this.#isLeaving[slot]) this.#endIfQuiet(slot);
  }

  /** A message that no edge takes is neither acknowledged nor sent again: the window goes on without it. */
  #passOver(slot: number, seq: number): void {
    this.#marks.acked(slot, seq);
    if (this.#isLeaving[slot]) this.#endIfQuiet(slot);
  }

  #endIfQuiet(slot: number): void {
    // Behind what waits it has a successor.
    if (!this.#outgoing.hasPending(slot)) this.#spoiling?.release(slot);
    const isQuiet = this.#task.config.fleet.qos === 0 || this.#marks.isQuiet(slot);
    if (!isQuiet || this.#outgoing.hasPending(slot) || this.#spoiling?.isBusy(slot)) return;
    void this.#connections.end(slot);
  }

  #sendMarks(): void {
    const { config, name } = this.#task;
    this.#spoiledLog.flush();
    for (const bytes of this.#marks.take(name, config.fleet.qos, Date.now())) {
      // A copy of its own: a Buffer may be a view into a pool, all of which would be cloned.
      this.#post({ type: 'marks', bytes: new Uint8Array(bytes) });
    }
  }

  #report(): void {
    this.#post({
      type: 'report',
      ...this.#counts.take(),
      connected: this.#connections.connected,
      unacked: this.#marks.unacked,
      pending: this.#pending,
      deaf: this.#slow?.size ?? 0,
      eventLoopDelayP99Ms: this.#eventLoop.p99Ms(),
    });
  }

  #post(message: FromShard): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort, not a window
    this.#task.port.postMessage(message);
  }
}

/** Entry of a worker thread (piscina's task). Resolves when the shard has finished. */
export async function runShard(task: ShardTask): Promise<void> {
  await new Shard(task).run();
}

/** Below 2^53; from the system's own chance, so that no two starts of a car share one. */
function newSession(): number {
  const bytes = randomBytes(7);
  bytes[0]! &= 0x1f;
  return bytes.readUIntBE(0, 1) * 2 ** 48 + bytes.readUIntBE(1, 6);
}

function tlsOf({ tls }: SimulatorConfig): ConnectionOptions | undefined {
  if (!tls) return undefined;
  return {
    ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      if (!condition()) return;
      clearInterval(poll);
      resolve();
    }, finishedPollMs);
  });
}
