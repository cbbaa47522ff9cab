import type { KeyObject } from 'node:crypto';
import type { FromTrainer, Release, ToTrainer } from '#contract/control.ts';
import { encodeSigned, keyIdOf } from '#contract/release.ts';
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
  const kafka = connectKafka(config.kafka, log);
  await waitForKafka(kafka, config.kafkaWait);
  const registry = await Registry.open(kafka, { run, topicPrefix, log });
  const releases = new Releases(registry, (await registry.list())[0]?.id);
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
    metrics: trainerMetrics(services.metrics),
    log,
  });
  const control = controlChannel<ToTrainer, FromTrainer>();
  control?.onMessage((message) => {
    void trainings.train(message.since).then(
      (release) => control.send({ type: 'released', release }),
      (error: unknown) => control.send({ type: 'refused', reason: reasonOf(error) }),
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

  /** @throws TooLittleHistory, or what kept it from being published */
  async train(since: number): Promise<Release> {
    const { log, metrics } = this.#parts;
    const training = this.#last.then(async () => this.#train(since));
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
