/** Fields of a schedule in their order: least and most, and names that stand for numbers. */
const fields = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec' },
  { least: 0, most: 6, names: 'sun mon tue wed thu fri sat' },
] as const;

const words = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

/** Is it a schedule that Kubernetes takes for a CronJob? Five fields of numbers, lists, ranges and steps, or one of cron's words. */
export function isCron(text: string): boolean {
  if (words.has(text)) return true;
  const given = text.trim().split(/\s+/);
  return given.length === fields.length && fields.every((field, index) => isField(given[index] ?? '', field));
}

function isField(text: string, field: (typeof fields)[number]): boolean {
  return text.split(',').every((part) => {
    const [range = '', step, ...more] = part.split('/');
    if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,2}$/.test(step))) return false;
    if (range === '*' || range === '?') return true;
    const ends = range.split('-').map((end) => numberOf(end, field));
    const [first, last = first] = ends;
    return ends.length <= 2 && first !== undefined && last !== undefined && first <= last;
  });
}

function numberOf(text: string, field: (typeof fields)[number]): number | undefined {
  const { least, most } = field;
  const named = 'names' in field ? field.names.split(' ').indexOf(text.toLowerCase()) : -1;
  const number = named >= 0 ? named + least : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : undefined;
}
