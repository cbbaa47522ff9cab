import { bytes, count, milliseconds, timeMark } from '../figures.ts';
import { fellBehindMs, type SecondSample } from '../second.ts';
import type { Summary } from '../summary.ts';
import { renderChart, type Band, type ChartSpec, type Series } from './chart.ts';
import { html, type Html } from './html.ts';
import { timeseries } from './series.ts';

/** The run over time: every chart has the same time axis and the same faults. */
export function renderCharts(summary: Summary, samples: readonly SecondSample[]): Html {
  const { points, secondsPerPoint } = timeseries(samples);
  const last = points.at(-1);
  if (!last)
    return html`<p class="empty">The run ended before its schedule began: there is nothing to draw.</p>`;
  const end = Math.max(last.t, ...summary.faults.map((fault) => fault.endedAt ?? fault.at));
  const common = { times: points.map((point) => point.t), end, faults: summary.faults };
  const values = (pick: (point: SecondSample) => number | null): (number | null)[] => points.map(pick);
  const each = secondsPerPoint === 1 ? 'each second' : `every ${secondsPerPoint} seconds`;

  const latency: ChartSpec = {
    ...common,
    id: 'latency',
    title: 'Latency, car to Kafka',
    note: `From the moment a message was due to Kafka’s append time, ${each}; logarithmic. Backfill was stored at an edge first.`,
    scale: 'log',
    format: milliseconds,
    formatTick: timeMark,
    series: present([
      line(
        'live p99',
        'live',
        values((point) => point.carToKafkaMs?.p99 ?? null),
      ),
      line(
        'live p50',
        'live-mid',
        values((point) => point.carToKafkaMs?.p50 ?? null),
      ),
      {
        ...line(
          'backfill p99',
          'backfill',
          values((point) => point.backfillMs?.p99 ?? null),
        ),
        shape: 'dots',
      },
      {
        ...line(
          'backfill p50',
          'backfill-mid',
          values((point) => point.backfillMs?.p50 ?? null),
        ),
        shape: 'dots',
      },
    ]),
  };
  const rates: ChartSpec = {
    ...common,
    id: 'rates',
    title: 'Messages per second',
    note: 'What the cars sent, what their edges acknowledged, and what came into Kafka.',
    scale: 'linear',
    format: count,
    series: [
      {
        ...line(
          'into Kafka',
          'stored',
          values((point) => point.storedPerSecond),
        ),
        shape: 'area',
      },
      ...acknowledged(summary, points),
      line(
        'sent',
        'sent',
        values((point) => point.sentPerSecond),
      ),
    ],
  };
  const outbox: ChartSpec = {
    ...common,
    id: 'outbox',
    title: 'Waiting at the edges',
    note: 'Frames on the edges’ disks that the bridge has not acknowledged yet.',
    scale: 'linear',
    format: count,
    series: [
      {
        ...line(
          'frames',
          'waiting',
          values((point) => point.outboxFrames),
        ),
        shape: 'area',
      },
    ],
  };
  const lag: ChartSpec = {
    ...common,
    id: 'lag',
    title: 'The ledger’s lag',
    note: 'In Kafka and not read by the testbed yet, markers of transactions included.',
    scale: 'linear',
    format: count,
    series: [
      {
        ...line(
          'records',
          'waiting',
          values((point) => point.ledgerLagRecords),
        ),
        shape: 'area',
      },
    ],
  };
  const level = (
    id: string,
    title: string,
    note: string,
    spec: Pick<ChartSpec, 'format'>,
    value: number[],
  ): Html =>
    renderChart({
      ...common,
      ...spec,
      id,
      title,
      note,
      small: true,
      scale: 'linear',
      series: [{ ...line(title.toLowerCase(), 'level', value), shape: 'area' }],
    });

  return html` ${renderChart({ ...latency, bands: bands(latency.series) })} ${renderChart(rates)}
    ${renderChart(outbox)}${summary.lag.ledger.peakMs > fellBehindMs ? renderChart(lag) : ''}
    <div class="small-charts">
      ${level(
        'cars',
        'Cars',
        'Connected.',
        { format: count },
        points.map((point) => point.cars),
      )}
      ${level(
        'cpu',
        'CPU',
        'Busy, the whole machine.',
        { format: (ratio) => `${Math.round(ratio * 100)} %` },
        points.map((point) => point.cpuBusyRatio),
      )}
      ${level(
        'memory',
        'Memory',
        'Resident, all processes.',
        { format: bytes },
        points.map((point) => point.rssBytes),
      )}
    </div>`;
}

function line(name: string, look: Series['look'], values: Series['values']): Series {
  return { name, look, shape: 'line', values };
}

/** At QoS 0 nothing is acknowledged. */
function acknowledged(summary: Summary, points: readonly SecondSample[]): Series[] {
  if (summary.fleet.qos === 0) return [];
  return [
    line(
      'acknowledged',
      'acked',
      points.map((point) => point.ackedPerSecond),
    ),
  ];
}

/** A run without a fault has no backfill, and needs no legend for it. */
function present(series: readonly Series[]): Series[] {
  return series.filter(({ values }) => values.some((value) => value !== null));
}

function bands(series: readonly Series[]): Band[] {
  return (['live', 'backfill'] as const).flatMap((look) => {
    const from = series.findIndex((one) => one.look === `${look}-mid`);
    const to = series.findIndex((one) => one.look === look);
    return from === -1 || to === -1 ? [] : [{ from, to, look, whiskers: look === 'backfill' }];
  });
}
