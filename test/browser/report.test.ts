import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { renderReport } from '#testbed/verdict/report/report.ts';
import { skipWithout } from '#test/skip-without.ts';
import { badRun, sampleRun } from '#test/testbed/verdict/sample-run.ts';

const executablePath = '/usr/bin/chromium';
const skip = skipWithout(executablePath);

/** Runs in the page: every text whose colour is too close to what lies behind it (WCAG 2.2, 1.4.3). */
const poorContrasts = `(() => {
  const luminance = (color) => {
    const [red, green, blue] = color.match(/[\\d.]+/g).map((value) => {
      const part = Number(value) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return color.endsWith(', 0)') ? behind(element.parentElement) : color;
  };
  const isText = (node) => node.nodeType === 3 && node.textContent.trim() !== '';
  const texts = [...document.querySelectorAll('body *')].filter((element) => [...element.childNodes].some(isText));
  if (texts.length < 50) return ['hardly any text was found'];
  const poor = texts.filter((element) => !element.closest('svg, .badge')).flatMap((element) => {
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return ratio < 4.5 ? [(element.className || element.tagName) + ': ' + ratio.toFixed(2)] : [];
  });
  return [...new Set(poor)];
})()`;

describe('report.html in Chromium', { skip, timeout: 120_000 }, () => {
  const runs = { good: sampleRun(), bad: badRun() };
  let folder: string;
  let browser: Browser;
  let heard: string[] = [];

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fleetbed-report-'));
    for (const [name, { summary, samples }] of Object.entries(runs)) {
      await writeFile(path.join(folder, `${name}.html`), renderReport(summary, samples));
    }
    const quiet = '--disable-gpu --disable-quic --no-first-run --disable-background-networking';
    const args = [...quiet.split(' '), '--no-sandbox', '--disable-component-update', '--disable-sync'];
    browser = await chromium.launch({ executablePath, args });
  });
  after(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a report by its file: URL; `heard` gets every further request and every complaint. */
  async function open(
    name: keyof typeof runs,
    width = 1200,
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const url = pathToFileURL(path.join(folder, `${name}.html`)).href;
    heard = [];
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) heard.push(`request ${request.url()}`);
    });
    page.on('console', (entry) => heard.push(`console ${entry.type()}: ${entry.text()}`));
    page.on('pageerror', (error) => heard.push(`error ${error.message}`));
    await page.goto(url);
    return page;
  }

  const number = (text: string | null): number => Number((text ?? '').replaceAll(/[^\d.]/g, ''));

  for (const name of ['good', 'bad'] as const) {
    it(`shows the summary’s own figures (${name} run)`, async () => {
      const { summary } = runs[name];
      const { delivery, thresholds } = summary;
      const page = await open(name);
      const terms = {
        sent: delivery.sent,
        stored: delivery.stored,
        'dead letters': delivery.deadLettered,
        evicted: delivery.evicted,
        lost: delivery.lost,
        unconfirmed: delivery.unconfirmed,
      };
      for (const [term, value] of Object.entries(terms)) {
        assert.equal(number(await page.textContent(`[data-term="${term}"] b`)), value, term);
      }
      assert.equal(number(await page.textContent('[data-counter="duplicated"] b')), delivery.duplicated);
      assert.equal(number(await page.textContent('[data-counter="out of order"] b')), delivery.reordered);
      const rows = await page.locator('#thresholds tbody tr').all();
      assert.equal(rows.length, thresholds.length);
      for (const [index, row] of rows.entries()) {
        const expected = thresholds[index];
        assert.equal(await row.locator('code').textContent(), expected?.metric);
        assert.equal(await row.getAttribute('class'), expected?.ok ? 'held' : 'failed');
        const shown = number(await row.locator('.actual').textContent());
        assert.ok(
          Math.abs(shown - (expected?.actual ?? Number.NaN)) <= 0.05,
          `${expected?.metric}: ${shown}`,
        );
      }
      assert.match((await page.textContent('.verdict')) ?? '', name === 'good' ? /PASSED/ : /FAILED/);
      await page.close();
    });
  }

  for (const width of [1200, 390]) {
    it(`marks each fault where the time axis says it was, in every chart, at ${width} px`, async () => {
      const { summary } = runs.good;
      const page = await open('good', width);
      const charts = await page.locator('figure.chart').all();
      assert.equal(charts.length, 6);
      for (const chart of charts) {
        const id = await chart.getAttribute('id');
        // Where the axis puts its labels gives the scale, apart from the code that draws the bands.
        const ticks = await chart.locator('.x-axis span').evaluateAll((labels) =>
          labels.map((label) => {
            const box = label.getBoundingClientRect();
            return { at: Number.parseFloat(label.textContent ?? ''), x: box.x + box.width / 2 };
          }),
        );
        const [first, last] = [ticks[0], ticks.at(-1)];
        assert.ok(first && last && last.at > first.at);
        const xOf = (seconds: number): number =>
          first.x + ((seconds - first.at) / (last.at - first.at)) * (last.x - first.x);
        const bands = await chart.locator('.fault rect').all();
        assert.equal(bands.length, summary.faults.length);
        for (const [index, band] of bands.entries()) {
          const box = await band.boundingBox();
          const fault = summary.faults[index];
          assert.ok(box && fault);
          assert.ok(Math.abs(box.x - xOf(fault.at)) < 1.5, `${id}: begins at ${box.x}, not ${xOf(fault.at)}`);
          const end = xOf(fault.endedAt ?? 0);
          assert.ok(
            Math.abs(box.x + box.width - end) < 1.5,
            `${id}: ends at ${box.x + box.width}, not ${end}`,
          );
        }
      }
      await page.close();
    });
  }

  it('draws the latency where its two axes say it was: the backfill after the cut stands out', async () => {
    const { samples } = runs.good;
    const page = await open('good');
    const chart = page.locator('#latency');
    const worst = samples.reduce((a, b) => ((b.backfillMs?.p99 ?? 0) > (a.backfillMs?.p99 ?? 0) ? b : a));
    const centers = (selector: string, axis: 'x' | 'y') =>
      chart.locator(selector).evaluateAll(
        (labels, along) =>
          labels.map((label) => {
            const box = label.getBoundingClientRect();
            const middle = along === 'x' ? box.x + box.width / 2 : box.y + box.height / 2;
            return { text: label.textContent ?? '', middle };
          }),
        axis,
      );
    const x = await centers('.x-axis span', 'x');
    const y = await centers('.y-axis span', 'y');
    const at = (labels: typeof x, text: string): number =>
      labels.find((label) => label.text === text)?.middle ?? Number.NaN;
    const expectedX = at(x, '0 s') + (worst.t / 60) * (at(x, '60 s') - at(x, '0 s'));
    const decades = Math.log10((worst.backfillMs?.p99 ?? 0) / 1000);
    const expectedY = at(y, '1 s') + decades * (at(y, '10 s') - at(y, '1 s'));
    // The drawing is 1000 by 1000 units, stretched over its canvas.
    const canvas = await chart.locator('.canvas').boundingBox();
    assert.ok(canvas);
    const drawn = (await chart.locator('path.dots.backfill').getAttribute('d')) ?? '';
    const dots = [...drawn.matchAll(/M([\d.]+) ([\d.]+)h0/g)].map(([, unitX, unitY]) => ({
      x: canvas.x + (Number(unitX) / 1000) * canvas.width,
      y: canvas.y + (Number(unitY) / 1000) * canvas.height,
    }));
    assert.equal(dots.length, samples.filter((sample) => sample.backfillMs !== null).length);
    const highest = dots.reduce((a, b) => (b.y < a.y ? b : a));
    assert.ok(Math.abs(highest.x - expectedX) < 1.5, `x ${highest.x}, not ${expectedX}`);
    assert.ok(Math.abs(highest.y - expectedY) < 2, `y ${highest.y}, not ${expectedY}`);
    await page.close();
  });

  it('makes no request, runs no script and complains of nothing', async () => {
    for (const name of ['good', 'bad'] as const) {
      const page = await open(name);
      await page.waitForLoadState('networkidle');
      assert.deepEqual(heard, []);
      assert.equal(await page.locator('script').count(), 0);
      await page.close();
    }
  });

  it('needs no horizontal scrolling on a phone, or on a small tablet', async () => {
    for (const [name, width] of [
      ['good', 390],
      ['bad', 390],
      ['bad', 320],
      ['bad', 768],
    ] as const) {
      const page = await open(name, width);
      const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
      assert.ok(wide <= width, `${name} at ${width} px is ${wide} px wide`);
      await page.close();
    }
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`can be read in ${scheme} colours: text has a contrast of 4.5 to 1 or more`, async () => {
      const page = await open('bad', 1200, scheme);
      const poor: unknown = await page.evaluate(poorContrasts);
      assert.deepEqual(poor, []);
      await page.close();
    });
  }
});
