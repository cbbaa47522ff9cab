import { clientId, password } from '#contract/identity.ts';
import { carTopics } from '#contract/mqtt-topics.ts';
import { MqttClient } from '#wire/mqtt-client.ts';
import { messageOf, vinOf } from '../car-messages.ts';

/** Cars that send as fast as they are acknowledged: the same load for every way. */
export interface Load {
  /** Sends the next `perCar` messages of every car. Resolves when all of them are acknowledged. */
  send(perCar: number): Promise<void>;
  end(): void;
}

export interface LoadOptions {
  port: number;
  run: string;
  fleetSecret: string;
  cars: number;
  /** Of each car: messages that wait for their PUBACK. */
  window: number;
}

export async function connectLoad(options: LoadOptions): Promise<Load> {
  const { port, run, fleetSecret, cars, window } = options;
  let isUp = (): void => {};
  let isDone = (): void => {};
  let fail = (_error: Error): void => {};
  let connected = 0;
  let unacknowledged = 0;
  let end = 0;
  const next = new Map<MqttClient, number>();
  const payloads = new Map<MqttClient, Buffer[]>();
  const vins = new Map<MqttClient, string>();

  function push(client: MqttClient): void {
    const topic = carTopics.telemetry(vins.get(client) ?? '');
    const waiting = payloads.get(client) ?? [];
    let seq = next.get(client) ?? 0;
    for (; seq < end; seq++) {
      const payload = waiting[seq];
      if (!payload || !client.publish(topic, payload, 1, seq)) break;
    }
    next.set(client, seq);
  }

  const events = {
    onConnect: () => void (++connected === cars && isUp()),
    onWritable: push,
    onAck: () => void (--unacknowledged === 0 && isDone()),
    onClose: (_client: MqttClient, reason: string) => {
      if (reason !== 'closed') fail(new Error(`a car lost its connection: ${reason}`));
    },
  };
  const clients = Array.from({ length: cars }, (_, car) => {
    const vin = vinOf(car);
    const client = new MqttClient(
      {
        host: '127.0.0.1',
        port,
        clientId: clientId(run, vin),
        username: vin,
        password: password(fleetSecret, vin),
        keepAliveSeconds: 60,
        inFlightLimit: window,
        reconnect: { minMs: 100, maxMs: 2000 },
        connectTimeoutMs: 10_000,
      },
      events,
    );
    vins.set(client, vin);
    return client;
  });
  await new Promise<void>((resolve, reject) => {
    isUp = resolve;
    fail = reject;
    for (const client of clients) client.connect();
  });

  return {
    async send(perCar) {
      // Encoded beforehand: what is measured is the way, not its sender.
      for (const [car, client] of clients.entries()) {
        const own = payloads.get(client) ?? [];
        for (let seq = end; seq < end + perCar; seq++) own[seq] = messageOf(car, seq + 1);
        payloads.set(client, own);
      }
      end += perCar;
      unacknowledged = cars * perCar;
      await new Promise<void>((resolve, reject) => {
        isDone = resolve;
        fail = reject;
        for (const client of clients) push(client);
      });
    },
    end() {
      for (const client of clients) client.destroy();
    },
  };
}
