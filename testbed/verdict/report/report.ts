import { count, milliseconds, plural, seconds } from '../figures.ts';
import type { SecondSample } from '../second.ts';
import type { Summary } from '../summary.ts';
import { deliverySentences, equationTerms, verdictOf } from '../wording.ts';
import type { DetectionRecord } from '../detection/case.ts';
import { renderCharts } from './charts.ts';
import { detectionSections } from './detection.ts';
import { html, raw, type Html } from './html.ts';
import { styleSheet } from './style.ts';
import {
  deadLetterTable,
  faultList,
  latencyTable,
  problemTable,
  resourceTable,
  thresholdTable,
} from './tables.ts';

const marks = { good: '✔', bad: '✘', warning: '■' } as const;
const iconColors = { good: '#1a8a5a', bad: '#cf3341', warning: '#b87503' } as const;

/** report.html: one file that asks for nothing else, readable without a script, in light and dark, on a phone. */
export function renderReport(
  summary: Summary,
  samples: readonly SecondSample[],
  record?: DetectionRecord,
): string {
  const { run } = summary;
  const { word, tone } = verdictOf(summary);
  const icon = `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${iconColors[tone]}"/></svg>`,
  )}`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${word} · ${run.scenario} · fleetbed</title>
        <link rel="icon" href="${icon}" />
        <style>
          ${raw(styleSheet)}
        </style>
      </head>
      <body>
        <main>
          ${header(summary)} ${delivery(summary)}
          <section>
            <h2>Thresholds</h2>
            ${thresholdTable(summary)}
          </section>
          ${detectionSections(summary, record)}
          <section>
            <h2>Over time</h2>
            ${faultList(summary)} ${renderCharts(summary, samples)}
          </section>
          <section>
            <h2>Latency</h2>
            ${latencyTable(summary)}
          </section>
          <section>
            <h2>Problems</h2>
            ${problemTable(summary)}
          </section>
          ${deadLetterTable(summary)}
          <section>
            <h2>What it cost</h2>
            ${resourceTable(summary)}
          </section>
          ${footer(summary)}
        </main>
      </body>
    </html> `;
  return page.text;
}

function header(summary: Summary): Html {
  const { run, cars, fleet } = summary;
  const { word, tone, reason } = verdictOf(summary);
  const messageSeconds = (fleet.intervalMs * fleet.readingsPerMessage) / fleet.speedup / 1000;
  const facts: [string, string][] = [
    [
      'Cars',
      cars.connectedPeak === cars.requested
        ? count(cars.requested)
        : `${count(cars.connectedPeak)} of ${count(cars.requested)}`,
    ],
    [
      'A message',
      `every ${seconds(messageSeconds)}, ${plural(fleet.readingsPerMessage, 'reading')}, QoS ${fleet.qos}, to ${plural(fleet.edges, 'edge')}${fleet.bridges > 1 ? ` and ${plural(fleet.bridges, 'bridge')}` : ''}`,
    ],
    ['Car to Kafka, live p99', milliseconds(summary.latency.carToKafkaMs.p99)],
    ['Duration', seconds(run.durationSeconds)],
    ['Connected in', cars.connectSeconds === null ? '-' : seconds(cars.connectSeconds)],
    ['Seed', String(run.seed)],
    ['Started', `${run.startedAt.slice(0, 19).replace('T', ' ')} UTC`],
    ['Run', run.id],
  ];
  const notes = [...run.invalidReasons.slice(word === 'INVALID' ? 1 : 0), ...run.warnings];
  return html` <header class="${tone}">
    <p class="verdict"><span aria-hidden="true">${marks[tone]}</span> ${word}</p>
    <h1>${run.scenario}</h1>
    <p class="reason">${capitalised(reason)}.</p>
    ${run.description === null ? null : html`<p class="description">${run.description}</p>`}
    ${notes.map((note) => html`<p class="note">${capitalised(note)}.</p>`)}
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </header>`;
}

function delivery(summary: Summary): Html {
  const { delivery: numbers, cars } = summary;
  const terms = equationTerms(numbers).map(
    ({ name, value, bad }, index) =>
      html` <div class="summand">
        <span class="sign" aria-hidden="true">${index === 0 ? '=' : '+'}</span>
        <div class="term ${value === 0 ? 'zero' : bad ? 'bad' : 'good'}" data-term="${name}">
          <b>${count(value)}</b><span>${name}</span>
        </div>
      </div>`,
  );
  const shares = equationTerms(numbers)
    .filter(({ value }) => value > 0)
    .map(({ name, value, bad }) => {
      const width = ((value / Math.max(1, numbers.sent)) * 100).toFixed(3);
      return html`<i
        class="${bad ? 'bad' : 'good'}"
        style="width:${width}%"
        title="${name}: ${count(value)}"
      ></i>`;
    });
  const counters: [string, number, boolean][] = [
    ['duplicated', numbers.duplicated, numbers.duplicated > 0],
    ['out of order', numbers.reordered, numbers.reordered > 0],
    ['sent late', numbers.late, false],
    ['never sent', numbers.dropped, false],
    ['reconnects', cars.reconnects, false],
    ['connections refused', cars.refused, false],
  ];
  const sentences = deliverySentences(summary);
  return html` <section id="delivery">
    <h2>Every message</h2>
    <p class="lead">${sentences.join(' ')}</p>
    <div class="equation">
      <div class="term" data-term="sent"><b>${count(numbers.sent)}</b><span>sent</span></div>
      ${terms}
    </div>
    <div class="shares" aria-hidden="true">${shares}</div>
    <ul class="counters">
      ${counters.map(
        ([name, value, bad]) =>
          html`<li class="${bad ? 'bad' : 'plain'}" data-counter="${name}">
            <b>${count(value)}</b> ${name}
          </li>`,
      )}
    </ul>
  </section>`;
}

function footer(summary: Summary): Html {
  const { machine } = summary.resources;
  const peak =
    machine.cpuBusyRatioPeak === null
      ? ''
      : `, CPU at most ${Math.round(machine.cpuBusyRatioPeak * 100)} % busy`;
  return html` <footer>
    <p>
      fleetbed ${summary.run.version} on ${plural(machine.cores, 'core')} and
      ${(machine.memoryBytes / 1e9).toFixed(0)} GB${peak}. The numbers:
      <a href="summary.json">summary.json</a>, second by second: <a href="metrics.ndjson">metrics.ndjson</a>,
      what each process said: <a href="logs/">logs/</a>.
    </p>
  </footer>`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');
}
