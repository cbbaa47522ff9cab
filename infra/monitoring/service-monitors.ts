import { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import type { Resource } from '@pulumi/pulumi';
import { brokerMetricsPort } from '../workloads/network-policies.ts';
import type { WorkloadContext } from '../workloads/context.ts';

const apiVersion = 'monitoring.coreos.com/v1';
/** Jobs have no service in front of them: their pods are scraped themselves. */
const withService = ['edge', 'bridge'] as const;
const jobs = ['trainer', 'simulator'] as const;

/** Where Prometheus finds /metrics of each part. */
export function monitors(
  { stack, namespace, provider, kafka }: WorkloadContext,
  dependsOn: Resource[],
): CustomResource[] {
  const make = (kind: 'ServiceMonitor' | 'PodMonitor', name: string, spec: object): CustomResource =>
    new CustomResource(
      `monitor-${name}`,
      { apiVersion, kind, metadata: { name, namespace, labels: stack.labels }, spec },
      { provider, dependsOn },
    );
  return [
    ...withService.map((name) =>
      make('ServiceMonitor', name, {
        selector: { matchLabels: { 'app.kubernetes.io/name': name } },
        endpoints: [{ port: 'health', path: '/metrics', interval: '15s' }],
      }),
    ),
    ...jobs.map((name) =>
      make('PodMonitor', name, {
        selector: { matchLabels: { 'app.kubernetes.io/name': name } },
        podMetricsEndpoints: [{ port: 'health', path: '/metrics', interval: '15s' }],
      }),
    ),
    ...(kafka.form === 'strimzi'
      ? [
          make('PodMonitor', 'kafka', {
            selector: { matchLabels: { 'app.kubernetes.io/managed-by': 'strimzi-cluster-operator' } },
            podMetricsEndpoints: [{ portNumber: brokerMetricsPort, path: '/metrics', interval: '30s' }],
          }),
        ]
      : []),
  ];
}
