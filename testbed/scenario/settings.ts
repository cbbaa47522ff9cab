import { parseDocument } from 'yaml';
import { pathText, type Path, type Problem } from './problems.ts';
import type { Source } from './source.ts';

/**
 * --set path=value: changes one field of a scenario before it is checked. The value is read as YAML (`--set edges.count=3`,
 * `--set stages[0].cars=200`, `--set timeline=[]`); without one the field is removed.
 * @returns what is wrong with the settings themselves
 */
export function applySettings(source: Source, settings: readonly string[]): Problem[] {
  return settings.flatMap((setting) => {
    const text = applyOne(source, setting);
    return text === undefined ? [] : [{ position: -1, text }];
  });
}

function applyOne(source: Source, setting: string): string | undefined {
  const option = `--set ${setting}`;
  const equals = setting.indexOf('=');
  const path = pathOf(setting.slice(0, equals).trim());
  if (equals < 1 || path === undefined) {
    return `${option}: expected path=value such as edges.count=3 or stages[0].cars=200`;
  }
  // A condition begins as a block of text does in YAML: > 1000
  const isCondition = path[0] === 'thresholds' && path.length === 2;
  const text = setting.slice(equals + 1).trim();
  const value = parseDocument(isCondition && text !== '' ? JSON.stringify(text) : text, {
    prettyErrors: false,
  });
  const [error] = value.errors;
  if (error) return `${option}: the value is not YAML: ${error.message}`;
  const last = path.at(-1) ?? '';
  const parent = parentOf(source.content, path);
  if (typeof parent === 'string') return `${option}: ${parent}`;
  const content: unknown = value.toJS({ maxAliasCount: 100 });
  if (Array.isArray(parent)) {
    if (typeof last !== 'number' || last > parent.length) {
      return `${option}: ${pathText(path.slice(0, -1))} is a list of ${parent.length}, counted from [0]`;
    }
    parent.splice(last, 1, ...(content === null ? [] : [content]));
  } else if (content === null) delete parent[last];
  else parent[last] = content;
  source.markSet(path, option);
  return undefined;
}

/** stages[0].cars or stages.0.cars; a threshold's metric has dots of its own. */
function pathOf(text: string): Path | undefined {
  const [, metric] = /^thresholds\.(.+)$/.exec(text) ?? [];
  if (metric !== undefined) return ['thresholds', metric];
  const steps = text.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  if (!steps.every((step) => /^\w[\w-]*$/.test(step)) || steps.includes('__proto__')) return undefined;
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** What holds the last step of the path; groups that are missing are made. A string says why there is none. */
function parentOf(content: unknown, path: Path): Record<string, unknown> | unknown[] | string {
  let at = content;
  for (const [index, step] of path.slice(0, -1).entries()) {
    if (!isGroup(at) && !Array.isArray(at)) return `${pathText(path.slice(0, index))} has no fields`;
    const holder = at as Record<string | number, unknown>;
    const next = Object.hasOwn(holder, step) ? holder[step] : undefined;
    if (next === undefined && Array.isArray(at)) {
      return `${pathText(path.slice(0, index))} is a list of ${at.length}, counted from [0]`;
    }
    if (next === undefined || next === null) holder[step] = {};
    at = holder[step];
  }
  if (isGroup(at) || Array.isArray(at)) return at;
  return `${pathText(path.slice(0, -1)) || 'the file'} has no fields`;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
