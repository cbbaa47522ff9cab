import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { MqttClient as MqttJsClient } from 'mqtt';
import { clientId, password } from '#contract/identity.ts';
import { carTopics } from '#contract/mqtt-topics.ts';
import { MqttClient } from '#wire/mqtt-client.ts';
import { benchRun, benchSecret } from '../brokers.ts';
import { vinOf } from '../car-messages.ts';

/** Clients of one kind, connected or about to be. */
export interface Clients {
  /** Opens client i. Resolves when the broker has accepted it. */
  connect(client: number): Promise<void>;
  send(client: number, payload: Buffer): void;
  /** Resolves when all that was sent is acknowledged (QoS 1) or written (QoS 0). */
  settled(): Promise<void>;
  end(): Promise<void>;
  /** Where they are not in this process. */
  usage?(): { memoryBytes: number; cpuSeconds: number };
}

export interface ClientsOptions {
  port: number;
  clients: number;
  qos: 0 | 1;
}

export const kinds = { cars: lightClients, 'mqtt.js': mqttJsClients, mosquitto_pub: mosquittoPubs } as const;
export type Kind = keyof typeof kinds;

export const keepAliveSeconds = 60;
const host = '127.0.0.1';

/** Counts what is under way. */
class Outstanding {
  #open = 0;
  #isEmpty = (): void => {};

  begin(): void {
    this.#open++;
  }

  readonly done = (): void => {
    if (--this.#open === 0) this.#isEmpty();
  };

  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#isEmpty = resolve;
      if (this.#open === 0) resolve();
    });
  }
}

export function nameOf(client: number): {
  clientId: string;
  username: string;
  password: string;
  topic: string;
} {
  const vin = vinOf(client);
  return {
    clientId: clientId(benchRun, vin),
    username: vin,
    password: password(benchSecret, vin),
    topic: carTopics.telemetry(vin),
  };
}

/** The simulator's cars: one client object each, no listeners of their own. */
function lightClients({ port, qos }: ClientsOptions): Promise<Clients> {
  const clients: { client: MqttClient; topic: string }[] = [];
  const connecting = new Map<MqttClient, () => void>();
  const outstanding = new Outstanding();
  const events = {
    onConnect: (client: MqttClient) => {
      connecting.get(client)?.();
      connecting.delete(client);
    },
    onAck: outstanding.done,
  };
  return Promise.resolve({
    connect(index) {
      const { topic, ...who } = nameOf(index);
      const window = {
        // Others have none: a broker that stalls must not end the bench.
        inFlightLimit: 1000,
        reconnect: { minMs: 500, maxMs: 10_000 },
        connectTimeoutMs: 10_000,
      };
      const client = new MqttClient({ host, port, ...who, keepAliveSeconds, ...window }, events);
      clients[index] = { client, topic };
      return new Promise((resolve) => {
        connecting.set(client, resolve);
        client.connect();
      });
    },
    send(index, payload) {
      const { client, topic } = clients[index]!;
      if (qos === 1) outstanding.begin();
      if (!client.publish(topic, payload, qos, 0)) throw new Error(`client ${index} has no room`);
    },
    settled: () => (qos === 1 ? outstanding.empty() : delay(200)),
    async end() {
      await Promise.all(clients.map(({ client }) => client.end()));
    },
  });
}

async function mqttJsClients({ port, qos }: ClientsOptions): Promise<Clients> {
  const { default: mqtt } = await import('mqtt');
  const clients: { client: MqttJsClient; topic: string }[] = [];
  const outstanding = new Outstanding();
  return {
    async connect(index) {
      const { topic, ...who } = nameOf(index);
      const client = mqtt.connect({ host, port, ...who, keepalive: keepAliveSeconds, clean: true });
      clients[index] = { client, topic };
      await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    },
    send(index, payload) {
      const { client, topic } = clients[index]!;
      outstanding.begin();
      client.publish(topic, payload, { qos }, outstanding.done);
    },
    settled: () => outstanding.empty(),
    async end() {
      await Promise.all(clients.map(({ client }) => client.endAsync()));
    },
  };
}

/** One process each, as shell scripts have it; it sends a message for each line that it reads, in hexadecimal digits here. */
function mosquittoPubs({ port, qos }: ClientsOptions): Promise<Clients> {
  const children: ChildProcess[] = [];
  let left = Promise.resolve();
  return Promise.resolve({
    async connect(index) {
      const { topic, ...who } = nameOf(index);
      const args = ['-h', host, '-p', String(port), '-q', String(qos), '-i', who.clientId, '-t', topic];
      const more = ['-u', who.username, '-P', who.password, '-k', String(keepAliveSeconds), '-l'];
      const child = spawn('mosquitto_pub', [...args, ...more], { stdio: ['pipe', 'ignore', 'inherit'] });
      children[index] = child;
      await once(child, 'spawn');
      // It does not say when it is connected.
      await delay(100);
    },
    send(index, payload) {
      children[index]!.stdin!.write(`${payload.toString('hex').slice(0, payload.length)}\n`);
    },
    settled: () => (left = delay(1000)),
    async end() {
      await left;
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null) return;
          const gone = once(child, 'close');
          child.stdin!.end();
          await gone;
        }),
      );
    },
    usage() {
      const pids = children.map(({ pid }) => pid ?? 0);
      return {
        memoryBytes: pids.reduce((sum, pid) => sum + ownMemory(pid), 0),
        cpuSeconds: pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
      };
    },
  });
}

/** Its share of what it has in memory: libraries that many processes share count once. */
function ownMemory(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? Number.NaN) * 1024;
}

/** Of all its threads, to the nanosecond: a process that does little does not show in hundredths. */
function cpuSecondsOf(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, ns) => sum + ns, 0) / 1e9;
}
