import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { isCron } from '../../config/cron.ts';
import { kubernetesObjects, render, settingsFor, variants, type KubernetesObject } from '../stacks.ts';
import { ApiServer } from './api-server.ts';
import { customResourceDefinitions } from './crds.ts';
import { kubeApiserver } from './kube-apiserver.ts';
import { findTools } from './tools.ts';

const found = await findTools();
const missing = typeof found === 'string' ? found : undefined;
// No Debian package brings these tools: where they are missing the suite says so by name.
const skip = missing ?? false;

suite('a real Kubernetes API server', { skip }, () => {
  let api: ApiServer;
  let load: KubernetesObject[];

  before(async () => {
    if (typeof found === 'string') throw new Error(found);
    const definitions = await customResourceDefinitions(found);
    api = await ApiServer.start({ etcd: found.etcd, apiserver: await kubeApiserver(found) });
    for (const definition of definitions) {
      const { status, body } = await api.create(definition);
      assert.equal(status, 201, body.message);
    }
    for (const kind of ['Kafka', 'KafkaNodePool', 'KafkaTopic', 'KafkaUser']) {
      await api.serves('kafka.strimzi.io/v1', kind);
    }
    for (const kind of ['ServiceMonitor', 'PodMonitor', 'PrometheusRule']) {
      await api.serves('monitoring.coreos.com/v1', kind);
    }
    load = kubernetesObjects((await render('load', settingsFor('load', 'strimzi'))).resources);
    await namespacesOf(load);
  });
  after(async () => api?.stop());

  /** A dry run keeps nothing; what others lie in must be there, with the labels that their pods are judged by. */
  async function namespacesOf(objects: readonly KubernetesObject[]): Promise<void> {
    for (const namespace of objects.filter(({ kind }) => kind === 'Namespace')) {
      const { status, body } = await api.create(namespace);
      assert.ok(status === 201 || status === 409, body.message);
    }
  }

  for (const { stack, kafka, title } of variants) {
    test(`accepts every object of ${title}, without a warning`, async () => {
      const { resources } = await render(stack, settingsFor(stack, kafka));
      const objects = kubernetesObjects(resources);
      assert.ok(objects.length > 35, String(objects.length));
      await namespacesOf(objects);
      for (const object of objects) {
        const { status, body, warnings } = await api.dryRun(object);
        const name = `${object.kind} ${object.metadata.name}`;
        assert.ok(status === 200 || status === 201, `${name}: ${body.message}`);
        assert.deepEqual(warnings, [], name);
      }
    });
  }

  /** An object of the load stack with one thing wrong, and what the server says of it. */
  const faults: [kind: string, name: string, what: string, spoil: (object: Loose) => void, says: RegExp][] = [
    [
      'StatefulSet',
      'edge',
      'a field that there is not',
      (o) => (o.spec.replicaz = 3),
      /unknown field|field not declared/,
    ],
    [
      'StatefulSet',
      'edge',
      'labels that its selector misses',
      (o) => (o.spec.selector.matchLabels = { a: 'b' }),
      /selector.*does not match|Invalid value/,
    ],
    [
      'Deployment',
      'bridge',
      'a probe of a port without a number',
      (o) => (o.spec.template.spec.containers[0].ports[0].containerPort = 0),
      /containerPort/,
    ],
    [
      'Job',
      'simulator',
      'a restart policy that no job has',
      (o) => (o.spec.template.spec.restartPolicy = 'Always'),
      /restartPolicy/,
    ],
    ['CronJob', 'trainer', 'a schedule that is none', (o) => (o.spec.schedule = 'nightly'), /schedule/],
    [
      'NetworkPolicy',
      'edge',
      'a protocol that there is not',
      (o) => (o.spec.ingress[0].ports[0].protocol = 'MQTT'),
      /protocol/,
    ],
    [
      'Service',
      'edges',
      'two ports of one name',
      (o) => (o.spec.ports[1].name = 'cars'),
      /Duplicate|duplicate/,
    ],
    [
      'Kafka',
      'fleet',
      'a listener of no known type',
      (o) => (o.spec.kafka.listeners[0].type = 'intern'),
      /Unsupported value/,
    ],
    [
      'Kafka',
      'fleet',
      "what Strimzi's v1 no longer has",
      (o) => (o.spec.zookeeper = { replicas: 3 }),
      /field not declared|unknown field/,
    ],
    ['KafkaTopic', 'fleet.telemetry', 'partitions as text', (o) => (o.spec.partitions = 'six'), /partitions/],
    [
      'KafkaUser',
      'bridge',
      'an operation that Kafka has not',
      (o) => (o.spec.authorization.acls[0].operations = ['Publish']),
      /Unsupported value/,
    ],
    ['KafkaNodePool', 'brokers', 'no storage', (o) => delete o.spec.storage, /storage/],
    [
      'ServiceMonitor',
      'edge',
      'an interval that is none',
      (o) => (o.spec.endpoints[0].interval = 'often'),
      /interval/,
    ],
    [
      'HorizontalPodAutoscaler',
      'bridge',
      'more at least than at most',
      (o) => (o.spec.minReplicas = 99),
      /maxReplicas/,
    ],
  ];
  for (const [kind, name, what, spoil, says] of faults) {
    test(`refuses a ${kind} with ${what}`, async () => {
      const object = structuredClone(load.find((one) => one.kind === kind && one.metadata.name === name));
      assert.ok(object);
      spoil(object as unknown as Loose);
      const { status, body } = await api.dryRun(object);
      assert.ok(status >= 400, `accepted with ${status}`);
      assert.match(body.message ?? '', says);
    });
  }

  test('takes the schedules that settings take, and refuses those that they refuse', async () => {
    const cron = structuredClone(load.find(({ kind }) => kind === 'CronJob')) as unknown as Loose &
      KubernetesObject;
    const right = [
      '0 3 * * *',
      '*/15 0-6,22-23 1 jan,JUN mon-fri',
      '5/10 ? * 2-4/2 ?',
      '@daily',
      '59 23 31 12 6',
    ];
    const wrong = [
      'nightly',
      '0 3 * *',
      '0 3 * * * *',
      '60 3 * * *',
      '0 24 * * *',
      '0 0 0 * *',
      '0 0 * 13 *',
      '0 0 * * 7',
      '0 0 * * fri-mon',
      '5-1 * * * *',
      '*/0 * * * *',
      '@never',
    ];
    for (const schedule of [...right, ...wrong]) {
      cron.spec.schedule = schedule;
      const { status } = await api.dryRun(cron);
      assert.equal(isCron(schedule), status < 400, schedule);
      assert.equal(isCron(schedule), right.includes(schedule), schedule);
    }
  });

  test('warns of a pod outside the restricted profile', async () => {
    const object = structuredClone(load.find(({ kind }) => kind === 'Deployment')) as unknown as Loose &
      KubernetesObject;
    object.spec.template.spec.containers[0].securityContext = { allowPrivilegeEscalation: true };
    const { warnings } = await api.dryRun(object);
    assert.match(warnings.join(), /would violate PodSecurity "restricted/);
  });
});

/** An object to be spoilt: any field may be written. */
interface Loose {
  // eslint-disable-next-line typescript/no-explicit-any -- a fault is what no type allows
  spec: any;
}
