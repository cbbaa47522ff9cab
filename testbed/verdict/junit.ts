import { measured } from './figures.ts';
import type { Summary } from './summary.ts';
import { deliverySentences, problemSentence, verdictOf } from './wording.ts';

interface Case {
  name: string;
  failure?: string;
}

/** junit.xml: one test case a threshold, and one each for what makes a run count at all. */
export function renderJunit(summary: Summary): string {
  const { run } = summary;
  const cases: Case[] = [
    { name: 'every part started and stayed up', ...failed(run.failure) },
    { name: 'the generator kept its schedule', ...failed(run.invalidReasons.join('; ')) },
    ...(run.exitCode === 105
      ? [{ name: 'the scenario ran to its end', failure: verdictOf(summary).reason }]
      : []),
    ...summary.thresholds.map(({ metric, condition, actual, ok }) => ({
      name: `${metric} ${condition}`,
      ...failed(ok ? null : `${metric} is ${measured(actual, metric)}, expected ${condition}`),
    })),
  ];
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const time = run.durationSeconds.toFixed(3);
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" time="${time}"`;
  const words = [...deliverySentences(summary), ...summary.problems.slice(0, 20).map(problemSentence)];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="fleetbed" ${counts}>`,
    `  <testsuite name="${xml(run.scenario)}" ${counts} skipped="0" timestamp="${xml(run.startedAt)}">`,
    '    <properties>',
    `      <property name="run" value="${xml(run.id)}"/>`,
    `      <property name="seed" value="${run.seed}"/>`,
    '    </properties>',
    ...cases.map((one) => testCase(one, run.scenario)),
    `    <system-out>${xml(words.join('\n'))}</system-out>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase({ name, failure }: Case, scenario: string): string {
  const open = `    <testcase name="${xml(name)}" classname="${xml(`fleetbed.${scenario}`)}" time="0"`;
  if (failure === undefined) return `${open}/>`;
  return `${open}>\n      <failure message="${xml(failure)}"/>\n    </testcase>`;
}

function failed(reason: string | null): { failure?: string } {
  return reason === null || reason === '' ? {} : { failure: reason };
}

/** Text in an attribute or an element; characters that XML 1.0 cannot hold are left out. */
function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;');
}
