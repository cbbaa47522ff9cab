import { SharedArray } from 'k6/data';
import { b64decode } from 'k6/encoding';
import { Counter } from 'k6/metrics';
import { Client } from 'k6/x/mqtt';

/** What tools.ts has k6 do: a VU for each client, as its users have it, each sending its own message again and again. */
const plan = JSON.parse(__ENV.PLAN);
const clients = new SharedArray('clients', () => JSON.parse(open(__ENV.CLIENTS)));
const sent = new Counter('sent');
const late = new Counter('late');
const lateMs = 1000;

export const options = {
  scenarios: {
    clients: {
      executor: 'per-vu-iterations',
      exec: 'client',
      vus: plan.clients,
      iterations: 1,
      maxDuration: '1h',
    },
  },
};

/** VUs are there by now: the plan's times count from what it says. */
export function setup() {
  const startAt = Date.now() + 1000;
  console.log(`start at ${startAt}`);
  return startAt;
}

export function client(startAt) {
  const index = __VU - 1;
  const { clientId, username, password, topic, message } = clients[index];
  const payload = b64decode(message);
  const mqtt = new Client({ client_id: clientId, username, password });
  const at = (ms, run) => setTimeout(() => run(), Math.max(0, startAt + ms - Date.now()));
  const send = (fromMs, each, then, n = 0) => {
    if (n === each) return then();
    const dueMs = fromMs + ((index + n * plan.clients) * 1000) / plan.messagesPerSecond;
    return at(dueMs, () => {
      if (fromMs === plan.measureAtMs && Date.now() - startAt - dueMs > lateMs) late.add(1);
      mqtt.publish(topic, payload, { qos: plan.qos });
      send(fromMs, each, then, n + 1);
    });
  };
  const measured = () => {
    sent.add(plan.messagesPerClient);
    at(plan.leaveAtMs, () => mqtt.end());
  };
  mqtt.on('connect', () => {
    send(plan.warmUpAtMs, plan.warmUpEach, () => send(plan.measureAtMs, plan.messagesPerClient, measured));
  });
  at((index * 1000) / plan.connectionsPerSecond, () => {
    mqtt.connect(plan.url, { keepalive: plan.keepAliveSeconds });
  });
}

export function handleSummary({ metrics }) {
  const count = (name) => metrics[name]?.values.count ?? 0;
  return { stdout: `sent ${count('sent')} late ${count('late')}\n` };
}
