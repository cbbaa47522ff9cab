import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { skipWithout } from '../../test/skip-without.ts';
import { rulesFor } from '../monitoring/alert-rules.ts';
import { dashboardsFor } from '../monitoring/dashboards.ts';

const run = promisify(execFile);
const outboxBytes = 1e9;
const rules = rulesFor(outboxBytes, 'strimzi');

/** Series by name and labels, and their values every 15 s in promtool's own words: 0+5x40 rises by 5, 40 times. */
type Series = Record<string, string>;

interface Case {
  alert: string;
  /** When somebody looks. */
  at: string;
  rings: readonly Series[];
  /** Well, or none of this rule's business. */
  keepsStill: readonly Series[];
}

const ofPod = (name: string, pod = 'edge-0'): string => `${name}{namespace="fleetbed",pod="${pod}"}`;
const late = (cause: string): string => `fleetbed_messages_late_total{pod="simulator-0",cause="${cause}"}`;
const sent = 'fleetbed_messages_sent_total{pod="simulator-0"}';
const letters = 'fleetbed_edge_dead_letters_total{pod="edge-0",reason="bad-json"}';
const refusals = 'fleetbed_edge_release_refused_total{pod="edge-0",reason="signature"}';
const commits = (le: string): string => `fleetbed_bridge_commit_ms_bucket{pod="bridge-a",le="${le}"}`;
const volume = (what: string, claim: string): string =>
  `kubelet_volume_stats_${what}_bytes{persistentvolumeclaim="${claim}"}`;
const data = 'data-0-fleet-brokers-0';
const job = (what: string): string => `kube_job_status_${what}{namespace="fleetbed",job_name="trainer-29"}`;

const cases: readonly Case[] = [
  {
    alert: 'EdgeWithoutBridge',
    at: '4m',
    rings: [{ [ofPod('fleetbed_uplink_connected')]: '0x20' }],
    keepsStill: [
      { [ofPod('fleetbed_uplink_connected')]: '1x20' },
      { [ofPod('fleetbed_uplink_connected')]: '1x12 0x8' },
    ],
  },
  {
    alert: 'OutboxFilling',
    at: '40m',
    rings: [
      { [ofPod('fleetbed_outbox_bytes')]: '800000000x200' },
      { [volume('available', 'outbox-edge-0')]: '1000000000-5000000x200' },
    ],
    keepsStill: [
      { [ofPod('fleetbed_outbox_bytes')]: '100000000x200' },
      { [volume('available', 'outbox-edge-0')]: '1000000000x200' },
      { [volume('available', 'prometheus')]: '1000000000-5000000x200' },
    ],
  },
  {
    alert: 'MessagesEvicted',
    at: '5m',
    rings: [{ [ofPod('fleetbed_outbox_evicted_messages_total')]: '0x8 7x20' }],
    keepsStill: [{ [ofPod('fleetbed_outbox_evicted_messages_total')]: '0x20' }],
  },
  {
    alert: 'CommitsSlow',
    at: '15m',
    rings: [{ [commits('1000')]: '0x70', [commits('5000')]: '0+10x70', [commits('+Inf')]: '0+10x70' }],
    keepsStill: [
      { [commits('1000')]: '0+10x70', [commits('5000')]: '0+10x70', [commits('+Inf')]: '0+10x70' },
    ],
  },
  {
    alert: 'DeadLetters',
    at: '8m',
    rings: [
      // The first letter of a reason: its series begins with it.
      { [letters]: '_x20 1x30' },
      { [letters]: '1x20 4x30' },
      { 'fleetbed_bridge_dead_letters_total{pod="bridge-a",reason="bad-frame"}': '_x20 1x30' },
    ],
    keepsStill: [{}],
  },
  { alert: 'DeadLetters', at: '30m', rings: [], keepsStill: [{ [letters]: '3x130' }] },
  {
    alert: 'OpenTransactionBlocksReaders',
    at: '4m',
    rings: [{ 'fleetbed_open_transaction_lag_records{consumer="states",topic="fleet.edges"}': '9x20' }],
    keepsStill: [{ 'fleetbed_open_transaction_lag_records{consumer="states",topic="fleet.edges"}': '0x20' }],
  },
  {
    alert: 'ReleaseRefused',
    at: '10m',
    rings: [{ [refusals]: '0x20 1x30' }],
    keepsStill: [{ [refusals]: '0x50' }],
  },
  {
    alert: 'GeneratorStarved',
    at: '5m',
    rings: [{ [sent]: '0+100x30', [late('generator')]: '0+5x30', [late('waiting')]: '0x30' }],
    keepsStill: [
      { [sent]: '0+100x30', [late('generator')]: '0x30', [late('waiting')]: '0+5x30' },
      { [sent]: '0+10000x30', [late('generator')]: '0+5x30' },
    ],
  },
  {
    alert: 'PartMissing',
    at: '8m',
    rings: [
      {
        'kube_statefulset_replicas{namespace="fleetbed",statefulset="edge"}': '7x40',
        'kube_statefulset_status_replicas_ready{namespace="fleetbed",statefulset="edge"}': '6x40',
      },
      {
        'kube_deployment_spec_replicas{namespace="fleetbed",deployment="bridge"}': '2x40',
        'kube_deployment_status_replicas_available{namespace="fleetbed",deployment="bridge"}': '1x40',
      },
    ],
    keepsStill: [
      {
        'kube_deployment_spec_replicas{namespace="fleetbed",deployment="reader"}': '0x40',
        'kube_deployment_status_replicas_available{namespace="fleetbed",deployment="reader"}': '0x40',
      },
    ],
  },
  {
    alert: 'TrainingFailed',
    at: '10m',
    rings: [{ [job('failed')]: '1x50', [job('start_time')]: '0x50' }],
    keepsStill: [{ [job('failed')]: '0x50', [job('start_time')]: '0x50' }],
  },
  {
    alert: 'TrainingFailed',
    at: '25h',
    rings: [],
    keepsStill: [{ [job('failed')]: '1x6100', [job('start_time')]: '0x6100' }],
  },
  ...(
    [
      ['UnderReplicated', 'kafka_replicas_underreplicatedpartitions'],
      ['UnderMinIsr', 'kafka_replicas_underminisrpartitioncount'],
      ['PartitionsOffline', 'kafka_controller_offlinepartitionscount'],
      ['TransactionsHang', 'kafka_replicas_partitionswithlatetransactionscount'],
    ] as const
  ).map(([alert, name]) => ({
    alert,
    at: '8m',
    rings: [{ [ofPod(name, 'fleet-brokers-0')]: '2x40', [ofPod(name, 'fleet-brokers-1')]: '0x40' }],
    keepsStill: [{ [ofPod(name, 'fleet-brokers-0')]: '0x40' }],
  })),
  {
    alert: 'HistoryNotMoved',
    at: '25m',
    rings: [{ [ofPod('kafka_tiered_remotecopyerrorspersec_total', 'fleet-brokers-0')]: '0+1x110' }],
    keepsStill: [{ [ofPod('kafka_tiered_remotecopyerrorspersec_total', 'fleet-brokers-0')]: '5x110' }],
  },
  {
    alert: 'BrokerDiskFilling',
    at: '8m',
    rings: [{ [volume('available', data)]: '10x40', [volume('capacity', data)]: '100x40' }],
    keepsStill: [{ [volume('available', data)]: '30x40', [volume('capacity', data)]: '100x40' }],
  },
];

suite('alert rules, by promtool', { skip: skipWithout('promtool') }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fleetbed-rules-'));
  });
  after(async () => rm(folder, { recursive: true }));

  /** Prometheus reads YAML, and JSON is some. */
  async function write(name: string, content: object): Promise<string> {
    const file = path.join(folder, name);
    await writeFile(file, JSON.stringify(content));
    return file;
  }

  async function rulesFile(): Promise<string> {
    const alerts = rules.map(({ alert, expr, for: duration, severity, summary, action }) => ({
      alert,
      expr,
      for: duration,
      labels: { severity },
      annotations: { summary, description: action },
    }));
    return write('rules.json', { groups: [{ name: 'fleetbed', rules: alerts }] });
  }

  test('rules and every query of a dashboard are such as Prometheus reads', async () => {
    const queries = dashboardsFor('strimzi').flatMap(({ uid, panels }) =>
      panels.flatMap(({ queries: of }) =>
        Object.values(of).map((expr) => ({ record: uid.replaceAll('-', '_'), expr })),
      ),
    );
    // Each in a group of its own: promtool does not like to see one name twice.
    const groups = queries.map((query, index) => ({ name: `query ${index}`, rules: [query] }));
    const files = [await rulesFile(), await write('queries.json', { groups })];
    await run('promtool', ['check', 'rules', '--lint=none', ...files]);
  });

  test('each rings when it should, and keeps still when it should', async () => {
    const file = await rulesFile();
    const looked = cases.flatMap(({ alert, at, rings, keepsStill }) =>
      [rings, keepsStill].flatMap((all, index) =>
        all.map((series) => ({
          interval: '15s',
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          promql_expr_test: [
            {
              expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) > 0`,
              eval_time: at,
              exp_samples: index === 0 ? [{ labels: '{}', value: 1 }] : [],
            },
          ],
        })),
      ),
    );
    const tests = await write('tests.json', {
      rule_files: [file],
      evaluation_interval: '1m',
      tests: looked,
    });
    await run('promtool', ['test', 'rules', tests]).catch((error: { stdout?: string; stderr?: string }) =>
      assert.fail(`${error.stdout}${error.stderr}`),
    );
  });

  test('every rule has been seen to ring', () => {
    const seen = new Set(cases.filter(({ rings }) => rings.length > 0).map(({ alert }) => alert));
    for (const { alert } of rules) assert.ok(seen.has(alert), alert);
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  });
});
