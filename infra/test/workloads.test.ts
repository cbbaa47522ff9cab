import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { edgeConfig } from '../../edge-agent/config.ts';
import { loadConfig } from '../../runtime/config.ts';
import { settingsOf } from '../../runtime/config/settings.ts';
import { simulatorConfig } from '../../simulator/config.ts';
import type { Stack } from '../config/stack.ts';
import { spotGraceSeconds } from '../google/node-pools.ts';
import { rightsOf } from '../kafka/rights.ts';
import { parts, Pods, schemas, type Loose } from './pods.ts';
import { kubernetesObjects, ofType, render, settingsFor, variants, type KubernetesObject } from './stacks.ts';
import { topicNamesIn } from './topic-names.ts';

for (const { stack: name, kafka, title } of variants) {
  suite(title, () => {
    let stack: Stack;
    let objects: KubernetesObject[];
    let pods: Pods;
    let spotPools: unknown[];
    before(async () => {
      const rendered = await render(name, settingsFor(name, kafka));
      ({ stack } = rendered);
      objects = kubernetesObjects(rendered.resources);
      pods = new Pods(objects);
      spotPools = ofType(rendered.resources, 'gcp:container/nodePool:NodePool')
        .filter(({ inputs }) => (inputs as Loose).nodeConfig.spot)
        .map((pool) => pool.name);
    });
    after(() => rmSync(pods.folder, { recursive: true }));

    for (const part of parts) {
      test(`the ${part} takes the settings that its pod is given`, () => {
        const env = pods.environment(part);
        const pod = pods.spec(part);
        const config = loadConfig(schemas[part], { argv: [], env, component: part });
        // A variable that no setting has is passed over in silence.
        const known = new Set([
          'FLEETBED_CONFIG',
          ...settingsOf(schemas[part]).map((setting) => setting.env),
        ]);
        for (const variable of Object.keys(env)) assert.ok(known.has(variable), variable);
        assert.equal(config.run, 'cluster');
        assert.equal(config.health.host, '0.0.0.0');
        const graceMs = pod.terminationGracePeriodSeconds * 1000;
        assert.ok(graceMs > config.drainTimeout, 'it is killed before it has drained');
        if (spotPools.includes(pod.nodeSelector['fleetbed.dev/pool'])) {
          const leftMs = (spotGraceSeconds.all - spotGraceSeconds.system) * 1000;
          assert.ok(graceMs <= leftMs, 'its spot machine goes before it has drained');
        }
        if ('kafka' in config && config.kafka) {
          assert.equal(config.kafka.ssl?.enabled, true);
          assert.ok(config.kafka.sasl);
        }
      });
    }

    test('every car has an edge, every process a segment, and all edges have names', () => {
      const env = pods.environment('simulator');
      const config = loadConfig(simulatorConfig, { argv: [], env, component: 'simulator' });
      const job = pods.object('Job', 'simulator');
      const edges = pods.object('StatefulSet', 'edge');
      assert.equal(config.edges.length, edges.spec.replicas);
      for (const [index, edge] of config.edges.entries())
        assert.equal(edge.host, `edge-${index}.${edges.spec.serviceName}`);
      assert.equal(config.process.count, job.spec.completions);
      assert.equal(job.spec.parallelism, job.spec.completions);
      assert.ok(Math.ceil(config.cars / config.edges.length) <= 17_000);
      assert.equal(config.stages?.[0]?.cars, config.cars);
    });

    test('pods ask for what the plan says, and may take more but not less', () => {
      const { edges, bridges, trainer, simulators } = stack.size;
      const planned = { edge: edges, bridge: bridges, trainer, simulator: simulators };
      for (const part of parts) {
        const { requests, limits } = pods.spec(part).containers[0].resources;
        const { cores, memoryBytes } = planned[part];
        assert.equal(requests.cpu, `${Math.round(cores * 1000)}m`, part);
        assert.equal(requests.memory, `${Math.ceil(memoryBytes / 1024 ** 2)}Mi`, part);
        for (const what of ['cpu', 'memory'])
          assert.ok(Number.parseInt(limits[what], 10) >= Number.parseInt(requests[what], 10), part);
      }
      assert.equal(pods.object('StatefulSet', 'edge').spec.replicas, edges.count);
      assert.equal(pods.object('Deployment', 'bridge').spec.replicas, bridges.count);
    });

    test('bridges are scaled by CPU and by what waits, and edges that keep up do not add any', () => {
      const { minReplicas, maxReplicas, metrics } = pods.object('HorizontalPodAutoscaler', 'bridge').spec;
      assert.deepEqual([minReplicas, maxReplicas], [stack.size.bridges.count, stack.size.bridges.most]);
      assert.deepEqual(
        metrics.map((metric: Loose) => metric.type),
        ['Resource', 'Pods', 'External'],
      );
      const { window } = loadConfig(edgeConfig, {
        argv: [],
        env: pods.environment('edge'),
        component: 'edge',
      }).uplink;
      const perBridge = Number(metrics[2].external.target.averageValue);
      assert.ok(perBridge * minReplicas >= window * stack.size.edges.count);
    });

    test('nobody waits for cars: pulumi up ends while their job is suspended', () => {
      const { metadata, spec } = pods.object('Job', 'simulator');
      assert.equal(spec.suspend, true);
      assert.equal(metadata.annotations['pulumi.com/skipAwait'], 'true');
    });

    test('what an edge may keep fits its disk', () => {
      const env = pods.environment('edge');
      const { outbox } = loadConfig(edgeConfig, { argv: [], env, component: 'edge' });
      const claim = pods.object('StatefulSet', 'edge').spec.volumeClaimTemplates[0].spec.resources.requests
        .storage as string;
      assert.ok(Number.parseInt(claim, 10) * 1024 ** 3 > outbox.maxBytes * 1.2);
    });

    test('each reference to a secret, a config map, an account or a claim finds it', () => {
      const made = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
      // Strimzi makes a secret a user, and one with its certificate.
      const byStrimzi = ['bridge', 'trainer', 'simulator', 'reader', 'fleet-cluster-ca-cert'];
      if (kafka === 'strimzi') for (const secret of byStrimzi) made.add(`Secret ${secret}`);
      for (const part of [...parts, 'reader'] as const) {
        const pod = pods.spec(part);
        assert.ok(made.has(`ServiceAccount ${pod.serviceAccountName}`));
        for (const { valueFrom } of pod.containers[0].env) {
          if (valueFrom?.secretKeyRef)
            assert.ok(made.has(`Secret ${valueFrom.secretKeyRef.name}`), valueFrom.secretKeyRef.name);
        }
        for (const volume of pod.volumes) {
          if (volume.secret)
            assert.ok(made.has(`Secret ${volume.secret.secretName}`), volume.secret.secretName);
          if (volume.configMap)
            assert.ok(made.has(`ConfigMap ${volume.configMap.name}`), volume.configMap.name);
        }
        const mounts = pod.containers[0].volumeMounts.map((mount: Loose) => mount.name);
        const claims = part === 'edge' ? ['outbox'] : [];
        const volumes = pod.volumes.map((volume: Loose) => volume.name);
        assert.deepEqual(new Set(mounts), new Set([...claims, ...volumes]));
      }
    });
  });
}

test('rights name the topics that each part names in its code', () => {
  assert.deepEqual([...rightsOf.trainer.reads].sort(), topicNamesIn('cloud/topics.ts'));
  assert.deepEqual([...rightsOf.simulator.writes].sort(), topicNamesIn('simulator/marks-sink.ts'));
  for (const topic of topicNamesIn('bridge')) {
    assert.ok(rightsOf.bridge.reads.includes(topic) || rightsOf.bridge.writes.includes(topic), topic);
  }
});
