import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMetrics } from '../../runtime/metrics.ts';
import { startFleetbed, type Started } from '../../test/fleetbed.ts';
import { pickPort } from '../../testbed/run/ports.ts';
import { ensureTopics } from '../../wire/kafka-topics.ts';
import { jmxRules } from '../kafka/strimzi/metrics.ts';
import { rulesFor } from '../monitoring/alert-rules.ts';
import { dashboardsFor, grafanaJson } from '../monitoring/dashboards.ts';
import { guardedKafka, type GuardedKafka } from './guarded-kafka.ts';
import { Pods, type Loose, type Part } from './pods.ts';
import { kubernetesObjects, render, settingsFor } from './stacks.ts';

/** Series of others, by the documents that name them. */
const byOthers = [
  // github.com/kubernetes/kube-state-metrics: docs/metrics/workload
  'kube_statefulset_status_replicas_ready',
  'kube_statefulset_replicas',
  'kube_deployment_status_replicas_available',
  'kube_deployment_spec_replicas',
  'kube_job_status_failed',
  'kube_job_status_succeeded',
  'kube_job_status_start_time',
  // kubernetes.io/docs/reference/instrumentation/metrics: kubelet
  'kubelet_volume_stats_available_bytes',
  'kubelet_volume_stats_capacity_bytes',
];

for (const form of ['strimzi', 'managed'] as const) {
  suite(
    `the parts, started with their pods' own arguments, variables and rights in Kafka: ${form}`,
    { timeout: 180_000 },
    () => {
      let kafka: GuardedKafka;
      let pods: Pods;
      const running = new Map<string, Started>();
      const all: Started[] = [];
      const healthPorts = new Map<Part, number>();
      const shown = new Map<Part, string>();

      before(async () => {
        const few = {
          'fleetbed:cars': '20',
          'fleetbed:messageInterval': '1s',
          'fleetbed:duration': '60s',
          'fleetbed:signingKey': generateKeyPairSync('ed25519')
            .privateKey.export({ type: 'pkcs8', format: 'pem' })
            .toString(),
        };
        const { resources } = await render('dev', settingsFor('dev', form, few));
        pods = new Pods(kubernetesObjects(resources));
        kafka = await guardedKafka(resources);
        // As infra makes them before any part: a bridge is told to make none, and may make none.
        await ensureTopics(kafka.as(), { prefix: '', given: true, tieredStorage: true });
      });
      after(async () => {
        for (const { child } of all) child.kill('SIGKILL');
        await Promise.all(all.map(({ ended }) => ended));
        await kafka.stop();
        rmSync(pods.folder, { recursive: true });
      });

      /** Where things stand on this machine in place of a cluster; Kafka without TLS, and its passwords in clear. */
      const places: Record<string, string> = {};

      async function start(part: Part | 'reader', args?: string[]): Promise<Started> {
        const asked = Object.entries(pods.environment(part)).filter(
          ([name]) => !name.startsWith('FLEETBED_KAFKA_SSL'),
        );
        const env = Object.fromEntries(asked.map(([name, value]) => [name, places[name] ?? value]));
        // Google's users are accounts' addresses.
        if (part !== 'edge') {
          const user = env['FLEETBED_KAFKA_SASL_USERNAME'] ?? '';
          assert.ok(user.includes(part), user);
          Object.assign(env, {
            FLEETBED_KAFKA_SASL_USERNAME: part,
            FLEETBED_KAFKA_SASL_MECHANISM: 'plain',
            FLEETBED_KAFKA_SASL_PASSWORD: kafka.password,
          });
        }
        if (part !== 'reader') {
          const port = await pickPort();
          healthPorts.set(part, port);
          env['FLEETBED_HEALTH_PORT'] = String(port);
        }
        const started = startFleetbed(args ?? pods.spec(part).containers[0].args, { env });
        running.set(part, started);
        all.push(started);
        return started;
      }

      async function ask(part: Part, where: string): Promise<{ status: number; text: string }> {
        const response = await fetch(`http://127.0.0.1:${healthPorts.get(part)}${where}`);
        return { status: response.status, text: await response.text() };
      }

      /** A part that ends before says why. */
      async function until(isRight: () => Promise<boolean>): Promise<void> {
        for (let tries = 0; tries < 900; tries++) {
          if (await isRight().catch(() => false)) return;
          for (const { child, ended } of all) if (child.exitCode !== null) assert.fail((await ended).stderr);
          await sleep(100);
        }
        for (const { child } of all) child.kill('SIGKILL');
        assert.fail(
          (await Promise.all(all.map(({ ended }) => ended))).map(({ stdout }) => stdout).join('\n'),
        );
      }

      test('come up, answer their probes, and take what cars send', async () => {
        const [cars, edges] = [await pickPort(), await pickPort()];
        Object.assign(places, {
          FLEETBED_KAFKA_BROKERS: kafka.brokers.join(','),
          FLEETBED_UPLINK_BRIDGES: `127.0.0.1:${edges}`,
          FLEETBED_EDGES: `127.0.0.1:${cars}`,
          FLEETBED_DATA_DIR: path.join(pods.folder, 'edge'),
        });
        mkdirSync(places['FLEETBED_DATA_DIR'] ?? '');
        for (const [part, port] of [
          ['bridge', edges],
          ['edge', cars],
        ] as const) {
          places['FLEETBED_LISTEN_PORT'] = String(port);
          await start(part);
        }
        for (const part of ['bridge', 'edge'] as const) {
          const { readinessProbe, livenessProbe } = pods.spec(part).containers[0];
          for (const { httpGet } of [readinessProbe, livenessProbe])
            await until(async () => (await ask(part, httpGet.path)).status === 200);
        }
        await start('simulator');
        await until(async () => {
          const metrics = parseMetrics((await ask('bridge', '/metrics')).text);
          return metrics.value('fleetbed_bridge_records_total') > 50;
        });
        for (const part of ['edge', 'bridge', 'simulator'] as const)
          shown.set(part, (await ask(part, '/metrics')).text);
      });

      test('a training and a look into Kafka work as well', async () => {
        assert.equal(shown.size, 3, 'the parts are not up');
        await start('reader');
        const trainer = await start('trainer');
        // It has too little to learn from and ends, or learns: its metrics are there before.
        while (trainer.child.exitCode === null && !shown.get('trainer')?.includes('fleetbed_trainer')) {
          const answer = await ask('trainer', '/metrics').catch(() => undefined);
          if (answer?.status === 200) shown.set('trainer', answer.text);
          await sleep(20);
        }
        const { code: trained, stderr: said } = await trainer.ended;
        assert.notEqual(trained, 104);
        assert.doesNotMatch(said, /authori[sz]/i);
        const reader = running.get('reader');
        const looked = await start('reader', ['tail', 'fleet.telemetry', '--max', '1']);
        const { code, stdout } = await looked.ended;
        assert.equal(code, 0);
        assert.match(stdout, /\S/);
        // What it shows unless it is asked for something else goes on and on.
        assert.equal(reader?.child.exitCode, null);
        reader?.child.kill('SIGTERM');
        assert.equal((await reader?.ended)?.code, 0);
      });

      test('nobody may do more: read the truth, write history that is not theirs, make a topic', async () => {
        const write = async (user: string, topic: string): Promise<void> => {
          const producer = kafka.as(user).producer({ idempotent: true });
          await producer.connect();
          try {
            await producer.send({ topic, messages: [{ key: 'k', value: null }] });
          } finally {
            await producer.disconnect();
          }
        };
        const read = async (user: string, topic: string): Promise<void> => {
          const admin = kafka.as(user).admin();
          await admin.connect();
          try {
            await admin.fetchTopicOffsets(topic);
          } finally {
            await admin.disconnect();
          }
        };
        // What the trainer writes once it has learnt.
        for (const topic of ['fleet.models', 'fleet.desired']) await write('trainer', topic);
        await read('reader', 'fleet.truth');
        const denied = /not authorized|authorization failed/i;
        for (const user of ['bridge', 'trainer', 'simulator'])
          await assert.rejects(read(user, 'fleet.truth'), denied, user);
        for (const user of ['trainer', 'simulator', 'reader'])
          await assert.rejects(write(user, 'fleet.telemetry'), denied, user);
        const admin = kafka.as('bridge').admin();
        await admin.connect();
        await assert.rejects(admin.createTopics({ topics: [{ topic: 'fleet.more' }] }));
        await admin.disconnect();
      });

      test('every series of an alert rule or a dashboard is one that a part shows, or Kafka, or who is known for it', () => {
        const given = new Set(byOthers);
        for (const text of shown.values()) {
          for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
            given.add(type === 'histogram' ? `${name}_bucket` : name);
        }
        for (const name of brokerSeries()) given.add(name);
        const wanted = new Set<string>(queries().flatMap((query) => query.match(seriesName) ?? []));
        assert.ok(wanted.size > 40, String(wanted.size));
        for (const name of wanted) assert.ok(given.has(name), name);
        for (const name of brokerSeries())
          assert.ok(wanted.has(name), `${name} is shown and never looked at`);
      });

      test('labels that rules and dashboards sum by are on those series', () => {
        const text = [...shown.values()].join('\n');
        for (const part of ['edge', 'bridge', 'simulate', 'train'])
          assert.match(text, new RegExp(`^process_cpu_seconds_total\\{.*component="${part}"`, 'm'));
        assert.match(text, /^fleetbed_messages_late_total\{cause="generator"/m);
        assert.match(text, /^fleetbed_edge_release_refused_total\{reason=/m);
      });

      test('SIGTERM ends each of them with 0', async () => {
        for (const part of ['simulator', 'edge', 'bridge'] as const) {
          const started = running.get(part);
          started?.child.kill('SIGTERM');
          assert.equal((await started?.ended)?.code, 0, part);
        }
      });
    },
  );
}

test('dashboards are such as Grafana loads: panels that do not overlap, a query each', () => {
  const dashboards = dashboardsFor('strimzi');
  assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
  for (const dashboard of dashboards) {
    const { panels } = grafanaJson(dashboard) as { panels: Loose[] };
    const places = panels.map(({ gridPos }) => `${gridPos.x},${gridPos.y}`);
    assert.equal(new Set(places).size, panels.length);
    for (const panel of panels)
      assert.ok(panel.targets.length > 0 && panel.targets.every((target: Loose) => target.expr), panel.title);
  }
});

test("where Google runs Kafka nothing asks for brokers' metrics, which are not there", () => {
  const asked = [
    ...rulesFor(1e9, 'managed').map(({ expr }) => expr),
    ...dashboardsFor('managed').flatMap(({ panels }) =>
      panels.flatMap(({ queries: of }) => Object.values(of)),
    ),
  ];
  assert.doesNotMatch(asked.join('\n'), /\bkafka_/);
});

const seriesName = /\b(?:fleetbed|process|kafka|kube|kubelet)_[a-z_0-9]+\b/g;

function queries(): string[] {
  return [
    ...rulesFor(1e9, 'strimzi').map(({ expr }) => expr),
    ...dashboardsFor('strimzi').flatMap(({ panels }) =>
      panels.flatMap((panel) => Object.values(panel.queries)),
    ),
  ];
}

/** What the JMX exporter makes of the brokers' rules: each alternative of a pattern is a series, in small letters. */
function brokerSeries(): string[] {
  return [...jmxRules.matchAll(/pattern: (.*)\n +name: (\S+)/g)].flatMap(([, pattern = '', name = '']) => {
    const [, alternatives = ''] = /name=\(([^)]+)\)/.exec(pattern) ?? [];
    return name.includes('$1')
      ? alternatives.split('|').map((word) => name.replace('$1', word.toLowerCase()))
      : [name];
  });
}
