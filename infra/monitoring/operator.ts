import { Namespace } from '@pulumi/kubernetes/core/v1/namespace.js';
import { Release } from '@pulumi/kubernetes/helm/v3/release.js';
import type { Provider } from '@pulumi/kubernetes/provider.js';
import type { Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';
import { monitoringNamespace } from '../workloads/network-policies.ts';

/** Prometheus Operator v0.92, whose ServiceMonitor and PrometheusRule npm run test:infra-api knows. */
export const prometheusStackVersion = '87.0.0';
export const prometheusAdapterVersion = '5.1.0';
/** A week of a small stack; Prometheus drops the oldest before the disk is full. */
const diskGib = 50;
/** Some 400 series a process, about 8 KiB each with what a query takes. */
const processMebibytes = 3;
const repository = { repo: 'https://prometheus-community.github.io/helm-charts' };

/** Prometheus, Alertmanager and Grafana, and the adapter by which the bridges' autoscaler sees their lag. */
export function monitoring({ size }: Stack, provider: Provider, dependsOn: Resource[]): Release {
  const processes = size.edges.count + size.bridges.most + size.simulators.count + size.kafka.brokers;
  const memoryMebibytes = 1024 + processes * processMebibytes;
  const own = new Namespace(
    monitoringNamespace,
    { metadata: { name: monitoringNamespace } },
    { provider, dependsOn },
  );
  const prometheus = new Release(
    'prometheus',
    {
      chart: 'kube-prometheus-stack',
      version: prometheusStackVersion,
      repositoryOpts: repository,
      namespace: own.metadata.name,
      name: 'prometheus',
      atomic: true,
      values: {
        prometheus: {
          prometheusSpec: {
            retention: '7d',
            // Monitors and rules of every namespace, not only those that the chart labelled.
            serviceMonitorSelectorNilUsesHelmValues: false,
            podMonitorSelectorNilUsesHelmValues: false,
            ruleSelectorNilUsesHelmValues: false,
            retentionSize: `${Math.floor(diskGib * 0.85)}GiB`,
            resources: {
              requests: { cpu: '250m', memory: `${memoryMebibytes}Mi` },
              limits: { memory: `${memoryMebibytes * 2}Mi` },
            },
            storageSpec: {
              volumeClaimTemplate: {
                spec: {
                  storageClassName: 'standard-rwo',
                  accessModes: ['ReadWriteOnce'],
                  resources: { requests: { storage: `${diskGib}Gi` } },
                },
              },
            },
          },
        },
        // Without a password of ours the chart makes one by chance; its own default is known to everybody.
        grafana: {
          adminPassword: '',
          sidecar: { dashboards: { enabled: true, searchNamespace: 'ALL' } },
        },
        // GKE runs these out of sight.
        kubeControllerManager: { enabled: false },
        kubeScheduler: { enabled: false },
        kubeEtcd: { enabled: false },
        kubeProxy: { enabled: false },
        coreDns: { enabled: false },
      },
    },
    { provider, dependsOn: [own] },
  );
  new Release(
    'prometheus-adapter',
    {
      chart: 'prometheus-adapter',
      version: prometheusAdapterVersion,
      repositoryOpts: repository,
      namespace: own.metadata.name,
      atomic: true,
      values: {
        prometheus: { url: 'http://prometheus-kube-prometheus-prometheus.monitoring.svc', port: 9090 },
        // The API server reaches pods of a private cluster at 443 and 10250 alone, unless a firewall rule says otherwise.
        listenPort: 10_250,
        rules: { default: false, custom: [pendingBytes], external: [outboxFrames] },
      },
    },
    { provider, dependsOn: [prometheus] },
  );
  return prometheus;
}

/** Metrics that workloads/bridge.ts scales on, by the names it uses. */
const pendingBytes = {
  seriesQuery: 'fleetbed_bridge_pending_bytes{namespace!="",pod!=""}',
  resources: { overrides: { namespace: { resource: 'namespace' }, pod: { resource: 'pod' } } },
  name: { matches: '^(.*)$', as: '$1' },
  metricsQuery: 'max(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)',
};
const outboxFrames = {
  seriesQuery: 'fleetbed_outbox_frames{namespace!=""}',
  resources: { overrides: { namespace: { resource: 'namespace' } } },
  name: { matches: '^(.*)$', as: '$1' },
  metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>})',
};
