import type { FromSimulator, ToSimulator } from '#contract/control.ts';
import type { ComponentSpec, Running, Services } from '#runtime/component.ts';
import { controlChannel, type ControlChannel } from '#runtime/control-channel.ts';
import { fleetOf, simulatorConfig, type SimulatorConfig } from './config.ts';
import { controlSink, KafkaSink, noSink, type MarksSink } from './marks-sink.ts';
import { openDrives } from './recorded/recorded-lives.ts';
import type { FromShard } from './shard/messages.ts';
import { Shards } from './shard/shards.ts';
import { SimulatorMetrics } from './simulator-metrics.ts';

export const simulatorComponent: ComponentSpec<typeof simulatorConfig> = {
  name: 'simulate',
  summary: 'Simulates cars that send their readings to edge agents over MQTT, by an open schedule',
  config: simulatorConfig,
  nameOf: (config) => `simulator-${config.process.index + 1}`,
  start: startSimulator,
};

/** The schedule of a simulator that runs alone begins when every shard has heard of it. */
const startLeadMs = 50;

/** Shards -> their messages: connected, marks, what was spoiled, truth, reports, finished. */
async function startSimulator(config: SimulatorConfig, services: Services): Promise<Running> {
  const { log, metrics: registry } = services;
  // What is wrong with them is told in words here, not by a worker thread.
  if (config.fleet.recorded !== undefined) openDrives(config.fleet.recorded, fleetOf(config)).drives.close();
  const control = controlChannel<ToSimulator, FromSimulator>();
  const sink = await sinkOf(config, control, services);
  const metrics = new SimulatorMetrics(registry, config.workers);
  registry.gauge(
    'fleetbed_spoiled_waiting',
    'Messages spoiled on purpose of which fleet.ledger has not been told yet.',
    () => sink.waiting,
  );
  const finishedAll = Promise.withResolvers<void>();
  const connected: { cars: number; seconds: number }[] = [];
  let finished = 0;

  const receive = (shard: number, message: FromShard): void => {
    switch (message.type) {
      case 'connected':
        connected.push(message);
        if (connected.length === config.workers) allConnected();
        break;
      case 'marks':
        sink.take(message.bytes);
        break;
      case 'spoiled':
        sink.spoiled(message.bytes);
        break;
      case 'truth':
        // Only the testbed may know: a simulator that runs alone keeps it to itself.
        control?.send({ type: 'truth', bytes: message.bytes });
        break;
      case 'report':
        metrics.add(shard, message);
        break;
      case 'finished':
        finished++;
        if (finished === config.workers) allFinished();
        break;
    }
  };
  const allConnected = (): void => {
    const cars = connected.reduce((sum, shard) => sum + shard.cars, 0);
    const seconds = Math.max(...connected.map((shard) => shard.seconds));
    log.info({ cars, seconds }, 'first cars are connected');
    if (control) control.send({ type: 'connected', cars, seconds });
    else shards.tell({ type: 'start', at: Date.now() + startLeadMs });
  };
  const allFinished = (): void => {
    log.info(metrics.totals, 'finished');
    control?.send({ type: 'finished' });
    finishedAll.resolve();
  };

  const shards = new Shards(config, receive);
  shards.ended.catch((error: unknown) => services.fail(error));
  control?.onMessage((message) => shards.tell(message));

  return {
    // A supervised simulator stays until it is told to end: its last metrics are still to be read.
    ...(!control && { done: finishedAll.promise }),
    async drain() {
      shards.tell({ type: 'stop' });
      // Its last marks come before 'finished', on the same port.
      await Promise.race([finishedAll.promise, shards.ended.then(() => finishedAll.promise)]);
      await shards.ended;
      await sink.close();
      await shards.close();
    },
  };
}

async function sinkOf(
  config: SimulatorConfig,
  control: ControlChannel<ToSimulator, FromSimulator> | undefined,
  { log }: Services,
): Promise<MarksSink> {
  if (control) return controlSink((message) => control.send(message));
  if (config.kafka) return KafkaSink.connect(config.kafka, config.run, log);
  return noSink;
}
