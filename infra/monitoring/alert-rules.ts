import { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import type { Resource } from '@pulumi/pulumi';
import type { KafkaForm } from '../../testbed/cluster/size.ts';
import type { WorkloadContext } from '../workloads/context.ts';

export interface Rule {
  alert: string;
  /** PromQL; every series in it is one that a part or Kafka gives (test/parts.test.ts). */
  expr: string;
  for: string;
  severity: 'page' | 'warning';
  summary: string;
  /** What it means and what helps. */
  action: string;
}

/** What somebody has to look at. Each rule is about one guarantee (docs/guarantees.md) or one limit. */
export const rulesFor = (outboxBytes: number, kafka: KafkaForm): readonly Rule[] => [
  ...ownRules(outboxBytes),
  // Google's Kafka shows its metrics in Cloud Monitoring, not here.
  ...(kafka === 'strimzi' ? kafkaRules : []),
];

const ownRules = (outboxBytes: number): readonly Rule[] => [
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
    // A reason has no series before its first letter, and a series that begins has not increased.
    expr: ['fleetbed_edge_dead_letters_total', 'fleetbed_bridge_dead_letters_total']
      .map(
        (name) =>
          `sum by (reason) (increase(${name}[10m])) > 0\nor sum by (reason) (${name} unless ${name} offset 10m) > 0`,
      )
      .join('\nor '),
    for: '0m',
    severity: 'warning',
    summary: 'messages were refused: {{ $labels.reason }}',
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
    expr: `sum by (pod) (rate(fleetbed_messages_late_total{cause="generator"}[1m]))
> 0.001 * sum by (pod) (rate(fleetbed_messages_sent_total[1m]))`,
    for: '1m',
    severity: 'warning',
    summary: '{{ $labels.pod }} sends more than a thousandth of its messages late: its run proves nothing',
    action: 'Give simulators more CPU, or more processes: fleetbed plan says how many.',
  },
  {
    alert: 'PartMissing',
    expr: `kube_statefulset_status_replicas_ready{namespace="fleetbed"} < kube_statefulset_replicas{namespace="fleetbed"}
or kube_deployment_status_replicas_available{namespace="fleetbed"} < kube_deployment_spec_replicas{namespace="fleetbed"}`,
    for: '5m',
    severity: 'page',
    summary:
      '{{ $labels.statefulset }}{{ $labels.deployment }} has had fewer ready pods than it should for five minutes',
    action: 'kubectl -n fleetbed describe its pods; cars of a missing edge wait and try again.',
  },
  {
    alert: 'TrainingFailed',
    // The pod is gone before anybody could ask it: its job tells.
    expr: 'kube_job_status_failed{namespace="fleetbed",job_name=~"train.*"} > 0 and on (job_name) time() - kube_job_status_start_time{namespace="fleetbed"} < 86400',
    for: '0m',
    severity: 'warning',
    summary: '{{ $labels.job_name }} made no release',
    action:
      'Edges go on with the one that they have. kubectl -n fleetbed logs job/{{ $labels.job_name }} says why.',
  },
];

/** Of Kafka itself, where it is ours (kafka/strimzi/metrics.ts). */
const kafkaRules: readonly Rule[] = [
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
    alert: 'PartitionsOffline',
    expr: 'max(kafka_controller_offlinepartitionscount) > 0',
    for: '1m',
    severity: 'page',
    summary: 'partitions have no leader: nobody can read or write them',
    action: 'More brokers are away than there may be. Bring them back with their disks.',
  },
  {
    alert: 'HistoryNotMoved',
    expr: 'sum(rate(kafka_tiered_remotecopyerrorspersec_total[10m])) > 0',
    for: '10m',
    severity: 'warning',
    summary: 'segments have failed to reach the bucket for ten minutes: disks keep them meanwhile',
    action:
      "Look at a broker's log for RemoteLogManager: the bucket, and the rights of Kafka's service account.",
  },
  {
    alert: 'BrokerDiskFilling',
    expr: 'kubelet_volume_stats_available_bytes{persistentvolumeclaim=~"data-.*-fleet-.*"} < 0.15 * kubelet_volume_stats_capacity_bytes',
    for: '5m',
    severity: 'page',
    summary: '{{ $labels.persistentvolumeclaim }} has less than 15 % free',
    action: 'HistoryNotMoved, or more messages than planned. A broker with a full disk stops: give it more.',
  },
  {
    alert: 'TransactionsHang',
    expr: 'sum(kafka_replicas_partitionswithlatetransactionscount) > 0',
    for: '1m',
    severity: 'warning',
    summary: 'transactions are open long after they should have been given up: nobody reads past them',
    action: 'kafka-transactions.sh find-hanging shows whose they are, abort ends them.',
  },
];

/** All rules as one object that Prometheus' operator loads. */
export function alertRules(
  { stack, namespace, provider, kafka }: WorkloadContext,
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
            rules: rulesFor(stack.size.edges.outboxBytes, kafka.form).map(
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
