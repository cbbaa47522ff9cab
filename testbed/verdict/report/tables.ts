import { bytes, count, measured, milliseconds, plural, seconds, seqRange, signedBytes } from '../figures.ts';
import type { Summary } from '../summary.ts';
import { faultOutcome, latencyRows, problemKindWords, problemTime } from '../wording.ts';
import { kindClass } from './chart.ts';
import { html, type Html, type HtmlValue } from './html.ts';

const shownProblems = 100;

export function thresholdTable(summary: Summary): Html {
  if (summary.thresholds.length === 0) return html`<p class="empty">The scenario sets none.</p>`;
  const rows = summary.thresholds.map(
    ({ metric, condition, actual, ok, note }) =>
      html` <tr class="${ok ? 'held' : 'failed'}">
        <td class="mark">${ok ? '✔' : '✘'}<span class="unseen">${ok ? ' held' : ' failed'}</span></td>
        <th scope="row"><code>${breakable(metric)}</code></th>
        <td class="number">${condition}</td>
        <td class="number actual">
          ${measured(actual, metric)}${note === null ? null : html`<small class="why">${note}</small>`}
        </td>
      </tr>`,
  );
  return table('thresholds', ['', 'Metric', '>Expected', '>Measured'], rows);
}

export function latencyTable(summary: Summary): Html {
  const rows = latencyRows(summary).map(
    ({ name, latency: { p50, p90, p99, p999, max, count: number } }) =>
      html` <tr>
        <th scope="row">${name}</th>
        ${[p50, p90, p99, p999, max].map((value) => html`<td class="number">${milliseconds(value)}</td>`)}
        <td class="number">${count(number)}</td>
      </tr>`,
  );
  if (rows.length === 0) return html`<p class="empty">Nothing was measured.</p>`;
  return table('latencies', ['', '>p50', '>p90', '>p99', '>p99.9', '>max', '>messages'], rows);
}

/** The numbers stand in the charts, too. */
export function faultList(summary: Summary): Html {
  if (summary.faults.length === 0) return html`<p class="empty">The timeline sets none: fair weather.</p>`;
  const items = summary.faults.map(
    (fault, index) =>
      html` <li>
        <span class="badge ${kindClass(fault)}">${index + 1}</span>
        <b>${fault.kind} ${fault.target}</b>
        <span>at ${seconds(fault.at)}, ${faultOutcome(fault)}</span>
      </li>`,
  );
  return html`<ol class="faults">
    ${items}
  </ol>`;
}

export function resourceTable(summary: Summary): Html {
  const { byProcess, rssPeakBytes, cpuSeconds } = summary.resources;
  const { delivery } = summary;
  const perThousand = (cpu: number): string =>
    delivery.sent === 0 ? '-' : `${((cpu / delivery.sent) * 1000).toFixed(3)} s`;
  const slopes = Object.values(byProcess).map((usage) => usage.rssSlopeBytesPerHour);
  // Of a short run there is none.
  const hasSlopes = slopes.some((slope) => slope !== null);
  const row = (name: HtmlValue, rss: number, slope: number | null, cpu: number): Html =>
    html` <tr>
      <th scope="row">${name}</th>
      <td class="number">${bytes(rss)}</td>
      ${hasSlopes ? html`<td class="number">${slope === null ? '-' : signedBytes(slope)}</td>` : null}
      <td class="number">${seconds(cpu)}</td>
      <td class="number">${perThousand(cpu)}</td>
    </tr>`;
  const rows = Object.entries(byProcess).map(([name, usage]) =>
    row(name, usage.rssPeakBytes, usage.rssSlopeBytesPerHour, usage.cpuSeconds),
  );
  const all = html`<tfoot>
    ${row('all together', rssPeakBytes, null, cpuSeconds)}
  </tfoot>`;
  const growth = hasSlopes ? ['>Memory, growth an hour'] : [];
  const headings = ['Process', '>Memory, peak', ...growth, '>CPU', '>CPU per 1,000 messages'];
  return table('resources', headings, rows, all);
}

export function problemTable(summary: Summary): Html {
  const { problems, problemsOmitted } = summary;
  if (problems.length === 0)
    return html`<p class="empty">None. No message is missing, doubled or out of order.</p>`;
  const rows = problems.slice(0, shownProblems).map(
    (problem) =>
      html` <tr>
        <th scope="row">${problemKindWords(problem.kind)}</th>
        <td><code>${problem.vin}</code></td>
        <td>${seqRange(problem)}</td>
        <td>${problem.edge ?? '-'}</td>
        <td>${problemTime(problem) || '-'}</td>
        <td>${problem.during.join(', ') || '-'}</td>
        <td class="number"><code>${problem.session}</code></td>
      </tr>`,
  );
  const more = problems.length - rows.length + problemsOmitted;
  const rest =
    more > 0
      ? html`<p class="empty">
          … and ${plural(more, 'more range')}; summary.json lists ${count(problems.length)}.
        </p>`
      : null;
  return html`${table('problems', ['What', 'Car', 'Messages', 'Edge', 'When', 'During', '>Session'], rows)}${rest}`;
}

export function deadLetterTable(summary: Summary): Html | null {
  const reasons = Object.entries(summary.deadLetters.byReason);
  if (reasons.length === 0) return null;
  const rows = reasons
    .sort(([, a], [, b]) => b - a)
    .map(
      ([reason, number]) =>
        html`<tr>
          <th scope="row"><code>${reason}</code></th>
          <td class="number">${count(number)}</td>
        </tr>`,
    );
  return html` <section>
    <h2>Dead letters</h2>
    ${table('dead-letters', ['Reason', '>Records'], rows)}
    <p class="empty">
      ${count(summary.deadLetters.unidentified)} of them cannot be told to be a certain message.
    </p>
  </section>`;
}

/** A long path may break behind its dots, and nowhere else. */
function breakable(path: string): Html {
  return html`${path.split('.').map((name, index) => (index === 0 ? name : html`.<wbr />${name}`))}`;
}

/** A heading that begins with > stands over numbers. */
export function table(
  id: string,
  headings: readonly string[],
  rows: readonly Html[],
  foot: Html | null = null,
): Html {
  const heads = headings.map((heading) =>
    heading.startsWith('>')
      ? html`<th scope="col" class="number">${heading.slice(1)}</th>`
      : html`<th scope="col">${heading}</th>`,
  );
  return html` <div class="table-frame" tabindex="0">
    <table id="${id}">
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
      ${foot}
    </table>
  </div>`;
}
