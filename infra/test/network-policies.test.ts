import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { ranges } from '../config/ranges.ts';
import { isLetThrough, type Place } from './reach.ts';
import { parts, type Loose } from './pods.ts';
import { kubernetesObjects, render, settingsFor, type KubernetesObject } from './stacks.ts';

/** Where there is a door, by name. */
const doors: Record<string, { place: Place; port: number; protocol?: string }> = {};

const strimziPod = {
  'app.kubernetes.io/managed-by': 'strimzi-cluster-operator',
  'strimzi.io/name': 'fleet-kafka',
};
const outside = { address: '203.0.113.7' };
const inNamespace = (namespace: string): Place => ({ namespace, labels: {} });

for (const kafka of ['strimzi', 'managed'] as const) {
  suite(`ways in a cluster with Kafka by ${kafka}`, () => {
    let objects: KubernetesObject[];
    let policies: Loose[];
    let pods: Record<string, Place>;
    before(async () => {
      objects = kubernetesObjects((await render('load', settingsFor('load', kafka))).resources);
      policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
      const labels = (part: string): Record<string, string> => {
        const { spec } = objects.find(
          ({ kind, metadata }) =>
            metadata.name === part && ['StatefulSet', 'Deployment', 'CronJob', 'Job'].includes(kind),
        ) as Loose;
        return (spec.template ?? spec.jobTemplate.spec.template).metadata.labels;
      };
      pods = Object.fromEntries(
        [...parts, 'reader'].map((part) => [part, { namespace: 'fleetbed', labels: labels(part) }]),
      );
      Object.assign(doors, {
        'edge, cars': { place: pods['edge'], port: 1883 },
        'bridge, edges': { place: pods['bridge'], port: 8884 },
        'edge, health': { place: pods['edge'], port: 9100 },
        'bridge, health': { place: pods['bridge'], port: 9100 },
        'trainer, health': { place: pods['trainer'], port: 9100 },
        'simulator, health': { place: pods['simulator'], port: 9100 },
        Kafka:
          kafka === 'strimzi'
            ? { place: { namespace: 'fleetbed', labels: strimziPod }, port: 9093 }
            : { place: { address: ranges.nodes.replace('.0/20', '.9') }, port: 9092 },
        names: { place: { address: '169.254.169.254' }, port: 53, protocol: 'UDP' },
        'the world, TLS': { place: outside, port: 443 },
        'the metadata server': { place: { address: '169.254.169.254' }, port: 80 },
      });
    });

    /** Each workload, and every door that it must find open; all others are closed to it. */
    const ways: Record<string, string[]> = {
      edge: ['bridge, edges', 'names'],
      bridge: ['Kafka', 'names'],
      trainer: ['Kafka', 'names'],
      simulator: ['edge, cars', 'Kafka', 'names'],
      reader: ['Kafka', 'names'],
    };
    for (const [part, open] of Object.entries(ways)) {
      test(`the ${part} finds ${open.join(' and ')} open, and nothing else`, () => {
        const from = pods[part];
        assert.ok(from);
        const found = Object.entries(doors).filter(([name, { place, port, protocol = 'TCP' }]) => {
          // Who may come in to its listeners Strimzi writes into policies of its own, from these peers.
          const isListener = name === 'Kafka' && kafka === 'strimzi';
          const added = isListener ? [listenerPolicy(objects, port)] : [];
          return isLetThrough([...policies, ...added], from, place, port, protocol);
        });
        assert.deepEqual(found.map(([name]) => name).sort(), open.toSorted());
      });
    }

    test('Prometheus reads the metrics of all parts, and nobody else comes in from outside the namespace', () => {
      for (const [name, { place, port }] of Object.entries(doors)) {
        if (!('labels' in place) || name === 'Kafka') continue;
        const isHealth = name.endsWith('health');
        assert.equal(isLetThrough(policies, inNamespace('monitoring'), place, port), isHealth, name);
        for (const stranger of [inNamespace('default'), outside])
          assert.equal(isLetThrough(policies, stranger, place, port), false, name);
      }
    });

    test('brokers and their operator reach what they need: each other, Kubernetes, the bucket, who they are', () => {
      if (kafka === 'managed') {
        assert.ok(!JSON.stringify(policies).includes('strimzi'));
        return;
      }
      const broker: Place = { namespace: 'fleetbed', labels: strimziPod };
      const open: [from: Place, to: Place, port: number][] = [
        [broker, broker, 9091],
        [inNamespace('strimzi'), broker, 9091],
        [inNamespace('monitoring'), broker, 9404],
        [broker, outside, 443],
        [broker, { address: '169.254.169.252' }, 988],
        [broker, { address: '169.254.169.254' }, 80],
      ];
      for (const [from, to, port] of open) assert.ok(isLetThrough(policies, from, to, port), String(port));
      const shut: [from: Place, to: Place, port: number][] = [
        [inNamespace('default'), broker, 9091],
        [inNamespace('monitoring'), broker, 9091],
        [broker, outside, 80],
        [broker, pods['edge'] ?? outside, 1883],
      ];
      for (const [from, to, port] of shut)
        assert.equal(isLetThrough(policies, from, to, port), false, String(port));
    });
  });
}

test('a pod without policies is open, and one way is shut when either end does not let it through', () => {
  const a: Place = { namespace: 'x', labels: { app: 'a' } };
  const b: Place = { namespace: 'x', labels: { app: 'b' } };
  const policy = (spec: object): object => ({ metadata: { namespace: 'x' }, spec });
  assert.equal(isLetThrough([], a, b, 1), true);
  const none = policy({ podSelector: { matchLabels: { app: 'b' } }, policyTypes: ['Ingress'], ingress: [] });
  assert.equal(isLetThrough([none], a, b, 1), false);
  const some = policy({
    podSelector: { matchLabels: { app: 'b' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'a' } } }], ports: [{ port: 1 }] }],
  });
  assert.equal(isLetThrough([none, some], a, b, 1), true);
  assert.equal(isLetThrough([none, some], a, b, 2), false);
  assert.equal(isLetThrough([none, some], b, b, 1), false);
});

function listenerPolicy(objects: readonly KubernetesObject[], port: number): Loose {
  const kafka = objects.find(({ kind }) => kind === 'Kafka') as Loose;
  const [listener] = kafka.spec.kafka.listeners;
  assert.equal(listener.port, port);
  return {
    metadata: { namespace: 'fleetbed' },
    spec: {
      podSelector: { matchLabels: { 'strimzi.io/name': 'fleet-kafka' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: listener.networkPolicyPeers, ports: [{ protocol: 'TCP', port }] }],
    },
  };
}
