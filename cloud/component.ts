import type { KeyObject } from 'node:crypto';
import type { FromTrainer, Release, ToTrainer } from '#contract/control.ts';
import { encodeSigned, keyIdOf, type ReleaseManifest } from '#contract/release.ts';
import type { ComponentSpec, Running, Services } from '#runtime/component.ts';
import { controlChannel } from '#runtime/control-channel.ts';
import { UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import { connectKafka, kafkaInWords, waitForKafka, type Kafka } from '#wire/kafka.ts';
import { trainerConfig, type TrainerConfig } from './config.ts';
import { watchEdges } from './edge-watch.ts';
import { Registry } from './registry.ts';
import { signingKey } from './signing-key.ts';
import { train } from './trainer.ts';
import { trainerMetrics, type TrainerMetrics } from './trainer-metrics.ts';

export const trainerComponent: ComponentSpec<typeof trainerConfig> = {
  name: 'train',
  summary: 'Learns from the history in Kafka, and publishes a signed release for the edges',
  config: trainerConfig,
  nameOf: () => 'trainer',
  start: startTrainer,
};

/** Supervised: a training for every message that asks for one. Alone: one training, and, unless it watches, the end. */
export async function startTrainer(config: TrainerConfig, services: Services): Promise<Running> {
  const { log } = services;
  const { run } = config;
  const { topicPrefix } = config.kafka;
  const key = signingKey(config.signingKey);
  const kafka = connectKafka(config.kafka, log, services.metrics);
  await waitForKafka(kafka, config.kafkaWait);
  const registry = await Registry.open(kafka, { run, topicPrefix, log });
  const earlier = await registry.manifests();
  const releases = new Releases(registry, earlier[0]?.id);
  const edges = await watchEdges(kafka, {
    run,
    topicPrefix,
    log,
    onEdge: async (edge) => releases.meet(edge),
  });
  edges.failed.catch((error: unknown) => services.fail(error));
  const trainings = new Trainings({
    config,
    kafka,
    key,
    registry,
    releases,
    earlier,
    metrics: trainerMetrics(services.metrics),
    log,
  });
  const control = controlChannel<ToTrainer, FromTrainer>();
  control?.onMessage(({ since, above }) => {
    log.info({ since, above }, 'asked to train');
    void trainings.train(since, above).then(
      (release) => control.send({ type: 'released', release }),
      (error: unknown) => {
        // What is given up at the end has no answer: it is asked for again.
        if (!trainings.isStopping) control.send({ type: 'refused', reason: reasonOf(error) });
      },
    );
  });
  const alone = control ? undefined : trainings.train(config.since);
  alone?.catch((error: unknown) => services.fail(error));

  return {
    ...(alone && !config.watch && { done: endOf(alone) }),
    async drain() {
      control?.close();
      await trainings.stop();
      await edges.stop();
      await registry.close();
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof UserError ? error.message : kafkaInWords(error);
}

/** Of a training that failed, `services.fail` speaks. */
async function endOf(training: Promise<Release>): Promise<void> {
  await training.catch(async () => new Promise(() => {}));
}

/** Which edges there are, and which release all of them should run: the newest. */
class Releases {
  readonly #registry: Registry;
  readonly #edges = new Set<string>();
  #current: string | undefined;

  constructor(registry: Registry, current: string | undefined) {
    this.#registry = registry;
    this.#current = current;
  }

  async meet(edge: string): Promise<void> {
    this.#edges.add(edge);
    if (this.#current !== undefined) await this.#registry.desire(edge, this.#current);
  }

  /** Resolves when it is desired of every edge that is known. An edge that comes meanwhile gets it by itself. */
  async release(id: string): Promise<void> {
    this.#current = id;
    for (const edge of this.#edges) await this.#registry.desire(edge, id);
  }
}

interface Parts {
  config: TrainerConfig;
  kafka: Kafka;
  key: KeyObject;
  registry: Registry;
  releases: Releases;
  /** What was released before this process began, the newest first. */
  earlier: ReleaseManifest[];
  metrics: TrainerMetrics;
  log: Log;
}

/** One training at a time, in the order in which they were asked for. */
class Trainings {
  readonly #parts: Parts;
  readonly #stop = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /**
   * @param above a release with a higher counter that an earlier life made of this history is not made again
   * @throws TooLittleHistory, or what kept it from being published
   */
  async train(since: number, above = Number.POSITIVE_INFINITY): Promise<Release> {
    const { log, metrics } = this.#parts;
    const training = this.#last.then(async () => this.#earlier(since, above) ?? this.#train(since));
    this.#last = training.catch(() => {});
    try {
      const release = await training;
      metrics.trainings.inc({ outcome: 'released' });
      return release;
    } catch (error) {
      metrics.trainings.inc({ outcome: 'refused' });
      const words = `no release: ${reasonOf(error)}`;
      if (error instanceof UserError) log.warn(words);
      else log.error({ err: error }, words);
      throw error;
    }
  }

  /** Gives up what is being trained. A release whose publication has begun is published. */
  async stop(): Promise<void> {
    this.#stop.abort(new UserError('component', 'the trainer was told to end'));
    await this.#last;
  }

  /** The oldest one that nobody has heard of; it answers one training only. */
  #earlier(since: number, above: number): Release | undefined {
    const { earlier, log } = this.#parts;
    const index = earlier.findLastIndex(({ counter, training }) => {
      return counter > above && training.since === since;
    });
    const [found] = index < 0 ? [] : earlier.splice(index, 1);
    if (!found) return undefined;
    const { id, counter, training, created: publishedAt } = found;
    // Edges are given the newest one as soon as they are known: nothing is left to do.
    log.info({ release: id }, 'released by an earlier life of this trainer');
    return { id, counter, trainedOnReadings: training.readings, trainSeconds: null, publishedAt };
  }

  async #train(since: number): Promise<Release> {
    const { config, kafka, key, registry, releases, metrics, log } = this.#parts;
    const { signal } = this.#stop;
    signal.throwIfAborted();
    const { run, seed, detector, falseAlarmsPerVehicleDay, expiresAfter } = config;
    const { artefact, manifest, seconds, report } = await train(
      kafka,
      {
        run,
        topicPrefix: config.kafka.topicPrefix,
        since,
        seed,
        detector,
        counter: await registry.nextCounter(),
        falseAlarmsPerVehicleDay,
        expiresAfterMs: expiresAfter,
      },
      { log, onProgress: (text) => log.info(text), signal, backend: config.tfjs },
    );
    signal.throwIfAborted();
    const { id, counter, training, length } = manifest;
    await registry.publish(encodeSigned({ ...manifest, keyId: keyIdOf(key) }, key), artefact);
    const publishedAt = Date.now();
    await releases.release(id);
    metrics.seconds.set(seconds);
    metrics.readings.set(training.readings);
    metrics.counter.set(counter);
    log.info({ release: id, bytes: length, trainSeconds: seconds, ...report }, 'released');
    return { id, counter, trainedOnReadings: training.readings, trainSeconds: seconds, publishedAt };
  }
}
