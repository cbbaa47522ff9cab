import { kindOf } from '#contract/failures.ts';
import { signals } from '#contract/signals.ts';
import type { Case, CasePoint, DetectionRecord } from '../detection/case.ts';
import { count, percent, plural, seconds } from '../figures.ts';
import type { Summary } from '../summary.ts';
import { renderChart, type ChartSpec, type Mark } from './chart.ts';
import { html, raw, type Html } from './html.ts';
import { timeScale } from './scale.ts';
import { table } from './tables.ts';
import { timeTick } from '../figures.ts';

/** What the models found, and which of them ran where. Nothing in a run without failures and without releases. */
export function detectionSections(summary: Summary, record: DetectionRecord | undefined): Html[] {
  const sections: Html[] = [];
  const { detection, releases, training } = summary;
  if (Object.keys(detection.byMode).length > 0 || releases.length > 0) {
    sections.push(
      html`<section id="detection">
        <h2>Failures found</h2>
        ${detectionLead(summary)} ${modeTable(summary)}
        ${(record?.cases ?? []).map((one, index) => caseFigure(one, index))}
      </section>`,
    );
  }
  if (releases.length > 0 || training.refused.length > 0) {
    sections.push(
      html`<section id="models">
        <h2>Models</h2>
        ${releaseTable(summary)} ${training.refused.map((reason) => html`<p class="note">${reason}</p>`)}
        ${record && record.models.length > 0 ? modelTracks(record, summary.run.durationSeconds) : null}
      </section>`,
    );
  }
  return sections;
}

function detectionLead({ detection, inference }: Summary): Html {
  const { engineFailures, recall, falseAlarms, vehicleDays, falseAlarmsPerVehicleDay } = detection;
  const scored = `${count(inference.readings)} readings were scored at the edges, ${count(inference.scoredOffline)} of them while cut off from the cloud.`;
  const found =
    recall === null
      ? `${plural(engineFailures, 'engine failure')} could be held against the model: too few to say how good it is.`
      : `${percent(recall)} of ${plural(engineFailures, 'engine failure')} raised an alarm before the engine failed.`;
  const wrong =
    vehicleDays === null || falseAlarms === null
      ? 'No edge had a model.'
      : `${plural(falseAlarms, 'false alarm')} on healthy cars in ${vehicleDays.toFixed(2)} vehicle-days${falseAlarmsPerVehicleDay === null ? '' : `: ${falseAlarmsPerVehicleDay.toFixed(1)} a day`}.`;
  return html`<p class="lead">${found} ${wrong} ${scored}</p>`;
}

function modeTable({ detection }: Summary): Html | null {
  const rows = Object.entries(detection.byMode).map(
    ([mode, { cars, detected, medianDelaySeconds }]) =>
      html`<tr>
        <th scope="row">${mode}</th>
        <td class="number">${count(cars)}</td>
        <td class="number">${count(detected)}${kindOf(mode) === 'benign' ? ' by mistake' : ''}</td>
        <td class="number">${medianDelaySeconds === null ? '-' : seconds(medianDelaySeconds)}</td>
      </tr>`,
  );
  if (rows.length === 0) return null;
  return table('modes', ['What was injected', '>Cars', '>Found', '>Median delay, car’s clock'], rows);
}

function releaseTable({ releases }: Summary): Html | null {
  if (releases.length === 0) return null;
  const rows = releases.map(
    (release) =>
      html`<tr>
        <th scope="row">${release.id}</th>
        <td class="number">${count(release.trainedOnReadings)}</td>
        <td class="number">${release.trainSeconds === null ? '-' : seconds(release.trainSeconds)}</td>
        <td class="number">
          ${release.convergedSeconds === null ? 'not all' : seconds(release.convergedSeconds)}
        </td>
        <td class="number">${count(release.edges)}</td>
      </tr>`,
  );
  const heads = ['Release', '>Trained on readings', '>Training', '>On every edge after', '>Edges'];
  return table('releases', heads, rows);
}

/** One track an edge: which release it ran when. */
function modelTracks(record: DetectionRecord, end: number): Html {
  const x = timeScale(end, 7);
  const edges = [...new Set(record.models.map(({ edge }) => edge))].toSorted();
  const share = (at: number): string => `${(x.at(at) * 100).toFixed(2)}%`;
  const tracks = edges.map((edge) => {
    const spans = record.models.filter((span) => span.edge === edge);
    return html`<span>${edge}</span>
      <div class="track">
        ${spans.map(
          ({ release, from, to }) =>
            html`<i
              style="left:${share(from)};width:${((x.at(to ?? end) - x.at(from)) * 100).toFixed(2)}%"
              title="${release} from ${seconds(Math.max(0, from))}"
              >${release}</i
            >`,
        )}
      </div>`;
  });
  return html`<div class="models" id="model-tracks">
    ${tracks}<span></span>
    <div class="ticks" aria-hidden="true">
      ${x.ticks.map((tick) => html`<span style="left:${share(tick)}">${timeTick(tick, end)}</span>`)}
    </div>
  </div>`;
}

const momentWords: Record<Mark['look'], string> = {
  onset: 'onset',
  detectable: 'shows',
  raised: 'alarm',
  failure: 'has failed',
};

function caseFigure(one: Case, index: number): Html {
  const signal = signals.find(({ name }) => name === one.signal);
  const marks = momentsOf(one);
  const times = one.points.map(({ t }) => t);
  const common = {
    times,
    begin: Math.max(0, Math.floor(times[0] ?? 0)),
    end: Math.max(times.at(-1) ?? 1, ...marks.map(({ at }) => at)),
    marks,
    faults: [],
    small: true,
  };
  const charts: ChartSpec[] = [
    {
      ...common,
      id: `case-${index}-signal`,
      title: one.signal,
      note: signal ? `Measured, in ${signal.unit}.` : 'Measured.',
      scale: 'span',
      format: (value) => String(Number(value.toFixed(2))),
      series: [lineOf('measured', 'live', one.points, ({ value }) => value)],
    },
    {
      ...common,
      id: `case-${index}-residual`,
      title: 'Residual',
      note: 'Measured less predicted, in spreads of healthy cars.',
      scale: 'span',
      format: (value) => String(Number(value.toFixed(1))),
      series: [lineOf('residual', 'backfill', one.points, ({ residual }) => residual)],
    },
    {
      ...common,
      id: `case-${index}-level`,
      title: 'Alarm level',
      note: 'The alarm is raised at 1.',
      scale: 'linear',
      limit: 1,
      format: (value) => String(Number(value.toFixed(2))),
      series: [lineOf('level', 'alarm', one.points, ({ level }) => level)],
    },
  ];
  return html`<div class="case" data-failure="${one.failure}">
    <h3>${one.failure} · ${one.vin}</h3>
    <p>${caseWords(one)}</p>
    <ul class="keys">
      ${marks.map(
        ({ look, label }) =>
          html`<li>
            ${raw(`<svg viewBox="0 0 14 14" aria-hidden="true"><path class="moment ${look}" d="M7 0v14"/></svg>`)}
            ${label}
          </li>`,
      )}
    </ul>
    <div class="small-charts">${charts.map(renderChart)}</div>
  </div>`;
}

function caseWords(one: Case): string {
  const injected = `${one.edge}, severity ${one.severity.toFixed(2)}${one.dtc === null ? '' : `, a workshop would read ${one.dtc}`}.`;
  if (!one.raised) return `${injected} Not found.`;
  const { at, dtc, cause, release } = one.raised;
  const named = `${one.signal}${dtc === null ? '' : `, ${dtc}`}${cause === null ? '' : `, cause: ${cause}`}`;
  return `${injected} Found ${seconds(Math.max(0, at - one.onset))} after its onset by ${release}: ${named}.`;
}

function momentsOf(one: Case): Mark[] {
  const moments: [Mark['look'], number | null][] = [
    ['onset', one.onset],
    ['detectable', one.detectableAt],
    ['raised', one.raised?.at ?? null],
    ['failure', one.failureAt],
  ];
  return moments.flatMap(([look, at]) =>
    at === null ? [] : [{ look, at, label: `${momentWords[look]} at ${seconds(Math.max(0, at))}` }],
  );
}

function lineOf(
  name: string,
  look: ChartSpec['series'][number]['look'],
  points: readonly CasePoint[],
  pick: (point: CasePoint) => number | null,
): ChartSpec['series'][number] {
  return { name, look, shape: 'line', values: points.map(pick) };
}
