import { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import type { Resource } from '@pulumi/pulumi';
import type { WorkloadContext } from '../workloads/context.ts';

interface Rule {
  alert: string;
  /** PromQL; every series of fleetbed in it exists in the code (test/monitoring.test.ts). */
  expr: string;
  for: string;
  severity: 'page' | 'warning';
  summary: string;
  /** What it means and what helps. */
  action: string;
}

/** What somebody has to look at. Each rule is about one guarantee (docs/guarantees.md) or one limit. */
export const rulesFor = (outboxBytes: number): readonly Rule[] => [
  {
    alert: 'EdgeWithoutBridge',
    expr: 'fleetbed_uplink_connected == 0',
    for: '2m',
    severity: 'page',
    summary: '{{ $labels.pod }} has had no bridge for two minutes',
    action: 'Nothing is lost while its outbox has room (OutboxFilling). Look at the bridges and their Kafka.',
  },
  {
    alert: 'OutboxFilling',
    expr: `fleetbed_outbox_bytes > ${Math.floor(outboxBytes * 0.7)}
or predict_linear(kubelet_volume_stats_available_bytes{persistentvolumeclaim=~"outbox-edge-.*"}[30m], 1800) < 0`,
    for: '5m',
    severity: 'page',
    summary: '{{ $labels.pod }}{{ $labels.persistentvolumeclaim }} will soon hold its cars back',
    action:
      'Bridges or Kafka are away or too slow: bring them back, or add bridges and let edges connect anew.',
  },
  {
    alert: 'MessagesEvicted',
    expr: 'increase(fleetbed_outbox_evicted_messages_total[10m]) > 0',
    for: '0m',
    severity: 'page',
    summary: '{{ $labels.pod }} dropped messages that it had acknowledged: its outbox is full',
    action: 'fleet.ledger says which (whenFull: drop-oldest). Give it a larger outbox, or push back instead.',
  },
  {
    alert: 'CommitsSlow',
    expr: 'histogram_quantile(0.99, sum by (le, pod) (rate(fleetbed_bridge_commit_ms_bucket[5m]))) > 2000',
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.pod }}: a hundredth of transactions take more than two seconds',
    action: 'Kafka is busy: look at UnderReplicated, at CPU of the brokers, and at the quotas of its user.',
  },
  {
    alert: 'DeadLetters',
    expr: 'sum by (reason) (increase(fleetbed_edge_dead_letters_total[10m])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'edges refused messages: {{ $labels.reason }}',
    action: 'fleetbed deadletter ls shows them; deadletter redrive sends them again.',
  },
  {
    alert: 'OpenTransactionBlocksReaders',
    expr: 'fleetbed_open_transaction_lag_records > 0',
    for: '2m',
    severity: 'warning',
    summary: 'an undecided transaction has kept records from readers for two minutes',
    action: 'kafka-transactions.sh find-hanging shows whose; a bridge that takes the edge over ends it.',
  },
  {
    alert: 'ReleaseRefused',
    expr: 'increase(fleetbed_edge_release_refused_total[30m]) > 0',
    for: '0m',
    severity: 'warning',
    summary: '{{ $labels.pod }} refused a release: {{ $labels.reason }}',
    action: 'The last good one goes on. fleetbed model show names key, hash and schema of the release.',
  },
  {
    alert: 'GeneratorStarved',
    expr: 'rate(fleetbed_messages_late_total[1m]) > 0.001 * rate(fleetbed_messages_sent_total[1m])',
    for: '1m',
    severity: 'warning',
    summary: '{{ $labels.pod }} sends more than a thousandth of its messages late: its run proves nothing',
    action: 'Give simulators more CPU, or more processes: fleetbed plan says how many.',
  },
  {
    alert: 'UnderReplicated',
    expr: 'sum(kafka_replicas_underreplicatedpartitions) > 0',
    for: '5m',
    severity: 'warning',
    summary: 'partitions have had fewer copies than they should for five minutes',
    action: 'A broker is away or slow. Nothing is lost until UnderMinIsr.',
  },
  {
    alert: 'UnderMinIsr',
    expr: 'sum(kafka_replicas_underminisrpartitioncount) > 0',
    for: '1m',
    severity: 'page',
    summary: 'partitions take no records: too few copies are in sync',
    action: 'Bridges hold back, outboxes fill. Bring brokers back.',
  },
  {
    alert: 'PartMissing',
    expr: 'kube_statefulset_status_replicas_ready{namespace="fleetbed"} < kube_statefulset_replicas{namespace="fleetbed"}',
    for: '5m',
    severity: 'page',
    summary: '{{ $labels.statefulset }} has had fewer ready pods than it should for five minutes',
    action: 'kubectl -n fleetbed describe its pods; cars of a missing edge wait and try again.',
  },
];

/** All rules as one object that Prometheus' operator loads. */
export function alertRules(
  { stack, namespace, provider }: WorkloadContext,
  dependsOn: Resource[],
): CustomResource {
  return new CustomResource(
    'alert-rules',
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'fleetbed', namespace, labels: stack.labels },
      spec: {
        groups: [
          {
            name: 'fleetbed',
            rules: rulesFor(stack.size.edges.outboxBytes).map(
              ({ alert, expr, for: duration, severity, summary, action }) => ({
                alert,
                expr,
                for: duration,
                labels: { severity },
                annotations: { summary, description: action },
              }),
            ),
          },
        ],
      },
    },
    { provider, dependsOn },
  );
}
