import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { bridgeConfig } from '../../bridge/config.ts';
import { trainerConfig } from '../../cloud/config.ts';
import { edgeConfig } from '../../edge-agent/config.ts';
import { loadConfig } from '../../runtime/config.ts';
import { settingsOf } from '../../runtime/config/settings.ts';
import { simulatorConfig } from '../../simulator/config.ts';
import { topicNamesIn } from './topic-names.ts';
import { rightsOf } from '../kafka/rights.ts';
import { dashboards, grafanaJson } from '../monitoring/dashboards.ts';
import { rulesFor } from '../monitoring/alert-rules.ts';
import { kubernetesObjects, render, settingsFor, variants, type KubernetesObject } from './stacks.ts';

const repository = path.join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'fleetbed-infra-'));
after(() => rmSync(scratch, { recursive: true }));
const schemas = {
  edge: edgeConfig,
  bridge: bridgeConfig,
  trainer: trainerConfig,
  simulator: simulatorConfig,
};

for (const { stack: name, kafka, title } of variants) {
  suite(title, () => {
    let objects: KubernetesObject[];
    before(async () => {
      objects = kubernetesObjects((await render(name, settingsFor(name, kafka))).resources);
    });

    for (const part of ['edge', 'bridge', 'trainer', 'simulator'] as const) {
      test(`the ${part} takes the settings that its pod is given`, () => {
        const { env, pod } = environmentOf(part);
        const config = loadConfig(schemas[part], { argv: [], env, component: part });
        // A variable that no setting has is passed over in silence.
        const known = new Set([
          'FLEETBED_CONFIG',
          ...settingsOf(schemas[part]).map((setting) => setting.env),
        ]);
        for (const variable of Object.keys(env)) assert.ok(known.has(variable), variable);
        assert.equal(config.run, 'cluster');
        assert.equal(config.health.host, '0.0.0.0');
        assert.ok(
          pod.terminationGracePeriodSeconds * 1000 > config.drainTimeout,
          'it is killed before it has drained',
        );
        if ('kafka' in config && config.kafka) {
          assert.equal(config.kafka.ssl?.enabled, true);
          assert.ok(config.kafka.sasl);
        }
      });
    }

    test('every car has an edge, every process a segment, and all edges have names', () => {
      const { env } = environmentOf('simulator');
      const config = loadConfig(simulatorConfig, { argv: [], env, component: 'simulator' });
      const job = object('Job', 'simulator');
      const edges = object('StatefulSet', 'edge');
      assert.equal(config.edges.length, edges.spec.replicas);
      for (const [index, edge] of config.edges.entries())
        assert.equal(edge.host, `edge-${index}.${edges.spec.serviceName}`);
      assert.equal(config.process.count, job.spec.completions);
      assert.equal(job.spec.parallelism, job.spec.completions);
      assert.ok(Math.ceil(config.cars / config.edges.length) <= 17_000);
      assert.equal(config.stages?.[0]?.cars, config.cars);
    });

    test('what an edge may keep fits its disk', () => {
      const { env } = environmentOf('edge');
      const { outbox } = loadConfig(edgeConfig, { argv: [], env, component: 'edge' });
      const claim = object('StatefulSet', 'edge').spec.volumeClaimTemplates[0].spec.resources.requests
        .storage as string;
      assert.ok(Number.parseInt(claim, 10) * 1024 ** 3 > outbox.maxBytes * 1.2);
    });

    test('who speaks with whom is let through, and nobody else', () => {
      const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy') as Loose[];
      const deny = policies.find(({ metadata }) => metadata.name === 'default-deny').spec;
      assert.deepEqual(deny.podSelector, { matchLabels: {} });
      assert.deepEqual([deny.policyTypes, deny.ingress, deny.egress], [['Ingress', 'Egress'], [], []]);
      const doors = { edge: ['simulator'], bridge: ['edge'] } as const;
      for (const [part, callers] of Object.entries(doors)) {
        const { ingress } = policies.find(({ metadata }) => metadata.name === part).spec;
        const allowed = ingress.flatMap((rule: Loose) =>
          rule.from.map((peer: Loose) => peer.podSelector.matchLabels['app.kubernetes.io/name']),
        );
        assert.deepEqual(allowed, callers);
      }
      assert.ok(
        !JSON.stringify(policies.find(({ metadata }) => metadata.name === 'trainer')).includes('1883'),
      );
    });

    test('each reference to a secret, a config map, an account or a claim finds it', () => {
      const made = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
      // Strimzi makes a secret a user, and one with its certificate.
      const byStrimzi = ['bridge', 'trainer', 'simulator', 'reader', 'fleet-cluster-ca-cert'];
      if (kafka === 'strimzi') for (const secret of byStrimzi) made.add(`Secret ${secret}`);
      for (const part of Object.keys(schemas) as (keyof typeof schemas)[]) {
        const { pod } = environmentOf(part);
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

    /** A pod's variables as its container would see them: secrets and fields filled in. */
    function environmentOf(part: keyof typeof schemas): { env: NodeJS.ProcessEnv; pod: Loose } {
      const kind = { edge: 'StatefulSet', bridge: 'Deployment', trainer: 'CronJob', simulator: 'Job' }[part];
      const { spec } = object(kind, part);
      const pod = (spec.template ?? spec.jobTemplate.spec.template).spec;
      const fields: Record<string, string> = { 'metadata.name': `${part}-0` };
      const env: Record<string, string> = {};
      for (const { name: variable, value, valueFrom } of pod.containers[0].env) {
        env[variable] =
          value ??
          (valueFrom.fieldRef ? (fields[valueFrom.fieldRef.fieldPath] ?? '0') : 'a secret of some length');
      }
      if (part === 'edge') {
        const file = path.join(scratch, 'edge.yaml');
        writeFileSync(file, object('Secret', 'edge-uplinks').stringData['edge-0.yaml']);
        env['FLEETBED_CONFIG'] = file;
      }
      return { env, pod };
    }

    function object(kind: string, called: string): Loose {
      const found = objects.find((each) => each.kind === kind && each.metadata.name === called);
      assert.ok(found, `${kind} ${called}`);
      return found;
    }
  });
}

test('every series of an alert rule or a dashboard is one that the code or Kafka gives', () => {
  const source = ['bridge', 'cloud', 'edge-agent', 'runtime', 'simulator', 'wire']
    .flatMap((room) => sources(path.join(repository, room)))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const queries = [
    ...rulesFor(1e9).map(({ expr }) => expr),
    ...dashboards.flatMap(({ panels }) => panels.flatMap((panel) => Object.values(panel.queries))),
  ];
  const series = new Set(queries.flatMap((query) => query.match(/\b(?:fleetbed|process)_\w+/g) ?? []));
  assert.ok(series.size > 20, String(series.size));
  for (const name of series) assert.ok(source.includes(`'${name.replace(/_bucket$/, '')}'`), name);
});

test('dashboards are such as Grafana loads: panels that do not overlap, a query each', () => {
  assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
  for (const dashboard of dashboards) {
    const { panels } = grafanaJson(dashboard) as { panels: Loose[] };
    const places = panels.map(({ gridPos }) => `${gridPos.x},${gridPos.y}`);
    assert.equal(new Set(places).size, panels.length);
    for (const panel of panels)
      assert.ok(panel.targets.length > 0 && panel.targets.every((target: Loose) => target.expr), panel.title);
  }
});

test('rights name the topics that each part names in its code', () => {
  assert.deepEqual([...rightsOf.trainer.reads].sort(), topicNamesIn('cloud/topics.ts'));
  assert.deepEqual([...rightsOf.simulator.writes].sort(), topicNamesIn('simulator/marks-sink.ts'));
  for (const topic of topicNamesIn('bridge')) {
    assert.ok(rightsOf.bridge.reads.includes(topic) || rightsOf.bridge.writes.includes(topic), topic);
  }
});

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file));
}

/** Objects as they come: any field may be looked at. */
// eslint-disable-next-line typescript/no-explicit-any -- what a field is, the assertions say
type Loose = any;
