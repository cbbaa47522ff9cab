import { bytes, count } from '../verdict/figures.ts';
import type { Sizing } from '../sizing.ts';

const headings = ['process', 'number', 'cars each', 'threads', 'descriptors', 'memory', 'CPU'] as const;

/** What a scenario's processes need, as a table; of a kind the numbers are those of its fullest one. */
export function planInWords(sizing: Sizing): string {
  const rows = sizing.processes.map((one): string[] => [
    one.kind,
    count(one.count),
    one.cars === 0 ? '' : count(one.cars),
    one.kind === 'simulator' ? count(one.workers) : '',
    count(one.descriptors),
    bytes(one.memoryBytes),
    one.cores.toFixed(2),
  ]);
  const number = sizing.processes.reduce((sum, one) => sum + one.count, 0);
  const all = ['together', count(number), '', '', count(sizing.descriptors), bytes(sizing.memoryBytes)];
  const table = [[...headings], ...rows, [...all, sizing.cores.toFixed(2)]];
  const widths = headings.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
  return [
    ...lines.map((line) => `  ${line.trimEnd()}\n`),
    `  ports: ${count(sizing.serverPorts)} to listen on; ${count(sizing.carsPerEdge)} cars connect to an edge${sizing.portsPerEdge > 1 ? ` by ${sizing.portsPerEdge} of them` : ''}; disk ${bytes(sizing.diskBytes)}\n`,
  ].join('');
}
