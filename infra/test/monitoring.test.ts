import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { Pods, type Loose, type Part } from './pods.ts';
import { kubernetesObjects, ofType, render, settingsFor, variants, type Rendered } from './stacks.ts';

for (const { stack, kafka, title } of variants) {
  suite(title, () => {
    let resources: Rendered[];
    let pods: Pods;
    before(async () => {
      ({ resources } = await render(stack, settingsFor(stack, kafka)));
      pods = new Pods(kubernetesObjects(resources));
    });

    after(() => rmSync(pods.folder, { recursive: true }));

    function valuesOf(chart: string): Loose {
      const found = ofType(resources, 'kubernetes:helm.sh/v3:Release').find(({ name }) => name === chart);
      assert.ok(found, chart);
      return (found.inputs as Loose).values;
    }

    test('Prometheus takes the monitors and rules of every namespace, and keeps what its disk holds', () => {
      const { prometheusSpec } = valuesOf('prometheus').prometheus;
      for (const what of ['serviceMonitor', 'podMonitor', 'rule'])
        assert.equal(prometheusSpec[`${what}SelectorNilUsesHelmValues`], false, what);
      const disk = prometheusSpec.storageSpec.volumeClaimTemplate.spec.resources.requests.storage as string;
      assert.ok(Number.parseInt(prometheusSpec.retentionSize, 10) < Number.parseInt(disk, 10));
    });

    test("Grafana's password is not the one that its chart's readers know", () => {
      // Empty: the chart makes one by chance (grafana: templates/secret.yaml).
      assert.equal(valuesOf('prometheus').grafana.adminPassword, '');
    });

    test('the adapter is where the API server may go, and answers what the autoscaler asks for', () => {
      const { listenPort, rules } = valuesOf('prometheus-adapter');
      // cloud.google.com/kubernetes-engine/docs/how-to/private-clusters: firewall rules.
      assert.ok([443, 10_250].includes(listenPort));
      const [, pending, waiting] = pods.object('HorizontalPodAutoscaler', 'bridge').spec.metrics;
      assert.ok(rules.custom[0].seriesQuery.startsWith(`${pending.pods.metric.name}{`));
      assert.ok(rules.external[0].seriesQuery.startsWith(`${waiting.external.metric.name}{`));
    });

    const scraped = { edge: 'ServiceMonitor', bridge: 'ServiceMonitor', trainer: 'PodMonitor' } as const;
    for (const [part, kind] of Object.entries({ ...scraped, simulator: 'PodMonitor' }) as [Part, string][]) {
      test(`the ${part}'s monitor finds its pods, and a port that they have`, () => {
        const { spec } = pods.object(kind, part);
        const [endpoint] = spec.endpoints ?? spec.podMetricsEndpoints;
        const ofPart = { 'app.kubernetes.io/name': part };
        assert.deepEqual(spec.selector.matchLabels, ofPart);
        assert.equal(endpoint.path, '/metrics');
        const { metadata, spec: pod } = pods.template(part);
        assert.equal(metadata.labels['app.kubernetes.io/name'], part);
        const port = pod.containers[0].ports.find(({ name }: Loose) => name === endpoint.port);
        assert.equal(port.containerPort, Number(pods.environment(part)['FLEETBED_HEALTH_PORT']));
        if (kind !== 'ServiceMonitor') return;
        const service = pods.object('Service', part === 'edge' ? 'edges' : part);
        assert.equal(service.metadata.labels['app.kubernetes.io/name'], part);
        assert.deepEqual(service.spec.selector, ofPart);
        assert.ok(service.spec.ports.some(({ name }: Loose) => name === endpoint.port));
      });
    }
  });
}
