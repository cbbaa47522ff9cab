import { ConfigMap } from '@pulumi/kubernetes/core/v1/configMap.js';
import type { KafkaForm } from '../../testbed/cluster/size.ts';
import type { WorkloadContext } from '../workloads/context.ts';

interface Panel {
  title: string;
  unit: string;
  /** Legend -> PromQL. */
  queries: Record<string, string>;
}

export interface Dashboard {
  uid: string;
  title: string;
  panels: readonly Panel[];
}

/** The way of a reading from left to right, and what it costs. */
const dashboards: readonly Dashboard[] = [
  {
    uid: 'fleetbed-way',
    title: 'fleetbed: the way of a reading',
    panels: [
      panel('Cars connected', 'short', {
        cars: 'sum(fleetbed_edge_cars)',
        'in simulators': 'sum(fleetbed_cars_connected)',
      }),
      panel('Messages a second', 'cps', {
        sent: 'sum(rate(fleetbed_messages_sent_total[1m]))',
        'at the edges': 'sum(rate(fleetbed_edge_messages_total[1m]))',
        'records in Kafka': 'sum(rate(fleetbed_bridge_records_total[1m]))',
      }),
      panel('Due to the edge, ms', 'ms', {
        p50: 'histogram_quantile(0.5, sum by (le) (rate(fleetbed_car_to_edge_ms_bucket[1m])))',
        p99: 'histogram_quantile(0.99, sum by (le) (rate(fleetbed_car_to_edge_ms_bucket[1m])))',
      }),
      panel('Commit to disk and to Kafka, p99, ms', 'ms', {
        disk: 'histogram_quantile(0.99, sum by (le) (rate(fleetbed_outbox_commit_ms_bucket[1m])))',
        Kafka: 'histogram_quantile(0.99, sum by (le) (rate(fleetbed_bridge_commit_ms_bucket[1m])))',
      }),
      panel('Waiting for a bridge', 'short', { frames: 'sum(fleetbed_outbox_frames)' }),
      panel('Held by bridges', 'bytes', { '{{pod}}': 'fleetbed_bridge_pending_bytes' }),
      panel('Late and dropped by the schedule', 'cps', {
        late: 'sum(rate(fleetbed_messages_late_total[1m]))',
        dropped: 'sum(rate(fleetbed_messages_dropped_total[1m]))',
      }),
      panel('Refused', 'cps', {
        'dead letters, {{reason}}': 'sum by (reason) (rate(fleetbed_edge_dead_letters_total[5m]))',
        'frames, {{reason}}': 'sum by (reason) (rate(fleetbed_bridge_dead_letters_total[5m]))',
        'connections, {{reason}}': 'sum by (reason) (rate(fleetbed_connect_refused_total[5m]))',
      }),
    ],
  },
  {
    uid: 'fleetbed-models',
    title: 'fleetbed: models and alarms',
    panels: [
      panel('Readings scored a second', 'cps', {
        '{{pod}}': 'rate(fleetbed_edge_readings_scored_total[1m])',
      }),
      panel('Alarms', 'cps', {
        raised: 'sum(rate(fleetbed_edge_alarms_raised_total[5m]))',
        cleared: 'sum(rate(fleetbed_edge_alarms_cleared_total[5m]))',
      }),
      panel('Release that runs', 'short', { '{{pod}}': 'fleetbed_edge_release_counter' }),
      panel('Releases refused', 'short', {
        '{{reason}}': 'sum by (reason) (increase(fleetbed_edge_release_refused_total[1h]))',
      }),
      panel('Scoring a micro-batch, p99, µs', 'µs', {
        p99: 'histogram_quantile(0.99, sum by (le) (rate(fleetbed_edge_inference_us_bucket[1m])))',
      }),
      // A training is a pod that ends: what it counted goes with it, and its job tells how it ended.
      panel('Trainings', 'short', {
        'made a release': 'sum(kube_job_status_succeeded{namespace="fleetbed",job_name=~"train.*"})',
        'made none': 'sum(kube_job_status_failed{namespace="fleetbed",job_name=~"train.*"})',
      }),
      panel('Last training, readings', 'short', { readings: 'max(fleetbed_trainer_last_readings)' }),
    ],
  },
  {
    uid: 'fleetbed-cost',
    title: 'fleetbed: what a message costs',
    panels: [
      panel('CPU, cores', 'short', {
        '{{component}}': 'sum by (component) (rate(process_cpu_seconds_total{namespace="fleetbed"}[1m]))',
      }),
      panel('CPU-seconds for 1,000 messages', 's', {
        '{{component}}':
          '1000 * sum by (component) (rate(process_cpu_seconds_total{namespace="fleetbed"}[5m])) / on () group_left () sum(rate(fleetbed_edge_messages_total[5m]))',
      }),
      panel('Memory', 'bytes', {
        '{{component}}': 'sum by (component) (process_resident_memory_bytes{namespace="fleetbed"})',
      }),
    ],
  },
];

/** Of Kafka where it is ours; Google's shows itself in Cloud Monitoring. */
export const kafkaDashboard: Dashboard = {
  uid: 'fleetbed-kafka',
  title: 'fleetbed: Kafka',
  panels: [
    panel('Bytes a second', 'Bps', {
      in: 'sum(rate(kafka_broker_bytesinpersec_total[1m]))',
      out: 'sum(rate(kafka_broker_bytesoutpersec_total[1m]))',
    }),
    panel('Records a second', 'cps', { in: 'sum(rate(kafka_broker_messagesinpersec_total[1m]))' }),
    panel('Requests, p99 of the slowest broker, ms', 'ms', {
      '{{request}}': 'max by (request) (kafka_request_p99_ms)',
    }),
    panel('Partitions with fewer copies than they should have', 'short', {
      'fewer copies': 'sum(kafka_replicas_underreplicatedpartitions)',
      'take no records': 'sum(kafka_replicas_underminisrpartitioncount)',
      'no leader': 'max(kafka_controller_offlinepartitionscount)',
    }),
    panel('On its way to the bucket', 'bytes', { bytes: 'sum(kafka_tiered_remotecopylagbytes)' }),
    panel('Free on disks', 'bytes', {
      '{{persistentvolumeclaim}}':
        'kubelet_volume_stats_available_bytes{persistentvolumeclaim=~"data-.*-fleet-.*"}',
    }),
  ],
};

export function dashboardsFor(kafka: KafkaForm): readonly Dashboard[] {
  return kafka === 'strimzi' ? [...dashboards, kafkaDashboard] : dashboards;
}

/** A ConfigMap a dashboard, which Grafana's sidecar finds by its label. */
export function grafanaDashboards({ stack, namespace, provider, kafka }: WorkloadContext): ConfigMap[] {
  return dashboardsFor(kafka.form).map(
    (dashboard) =>
      new ConfigMap(
        `dashboard-${dashboard.uid}`,
        {
          metadata: { name: dashboard.uid, namespace, labels: { ...stack.labels, grafana_dashboard: '1' } },
          data: { [`${dashboard.uid}.json`]: `${JSON.stringify(grafanaJson(dashboard), undefined, 1)}\n` },
        },
        { provider },
      ),
  );
}

/** Grafana's own form: two panels a row. */
export function grafanaJson({ uid, title, panels }: Dashboard): object {
  const [width, height] = [12, 8];
  return {
    uid,
    title,
    tags: ['fleetbed'],
    timezone: 'utc',
    refresh: '10s',
    time: { from: 'now-30m', to: 'now' },
    schemaVersion: 41,
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
    panels: panels.map((one, index) => ({
      id: index + 1,
      type: 'timeseries',
      title: one.title,
      datasource: { type: 'prometheus', uid: '${datasource}' },
      gridPos: { w: width, h: height, x: (index % 2) * width, y: Math.floor(index / 2) * height },
      fieldConfig: { defaults: { unit: one.unit, min: 0 }, overrides: [] },
      targets: Object.entries(one.queries).map(([legendFormat, expr], query) => ({
        refId: String.fromCharCode(65 + query),
        legendFormat,
        expr,
      })),
    })),
  };
}

function panel(title: string, unit: string, queries: Record<string, string>): Panel {
  return { title, unit, queries };
}
