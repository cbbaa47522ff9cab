import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { inWords } from '../errors.ts';
import { nearestWord } from '../nearest-word.ts';
import type { Setting } from './settings.ts';

/** A value and where it was given, in words that a message begins with. */
export interface Given {
  setting: Setting;
  value: unknown;
  from: string;
}

/** Flags that were given. Complaints about flags that do not exist go to `problems`. */
export function readFlags(
  argv: readonly string[],
  settings: readonly Setting[],
  problems: string[],
): { given: Given[]; configFile: string | undefined } {
  const byFlag = new Map(settings.map((setting) => [setting.flag, setting]));
  const given: Given[] = [];
  let configFile: string | undefined;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (!argument.startsWith('--')) {
      problems.push(`unexpected argument ${JSON.stringify(argument)}: settings are given as --name value`);
      continue;
    }
    const equals = argument.indexOf('=');
    const flag = equals === -1 ? argument : argument.slice(0, equals);
    let text = equals === -1 ? undefined : argument.slice(equals + 1);
    const setting = byFlag.get(flag);
    const negated = setting ? undefined : byFlag.get(flag.replace(/^--no-/, '--'));
    if (text === undefined && setting?.accepts.has('boolean')) {
      // A flag of its own says yes; `--flag false` is understood where the next word can be its value.
      text = /^(true|false)$/.test(argv[i + 1] ?? '') ? argv[++i] : 'true';
    } else if (negated?.accepts.has('boolean') && text === undefined) {
      given.push({ setting: negated, value: false, from: flag });
      continue;
    } else if (text === undefined && (setting || flag === '--config')) {
      text = argv[i + 1];
      // Negative numbers are values, flags are not.
      if (text === undefined || text.startsWith('--')) {
        problems.push(`${flag}: a value is missing`);
        continue;
      }
      i += 1;
    }
    if (flag === '--config') configFile = text;
    else if (setting) given.push({ setting, value: fromText(text ?? '', setting), from: flag });
    else {
      problems.push(`${flag}: no such setting${didYouMean(flag, [...byFlag.keys(), '--config', '--help'])}`);
      // Its value is no second mistake.
      if (equals === -1 && argv[i + 1] !== undefined && !argv[i + 1]?.startsWith('--')) i += 1;
    }
  }
  return { given, configFile };
}

/**
 * Settings of the environment. Names that are not ours are left alone: components share one environment, and
 * Kubernetes puts names of its own there.
 */
export function readEnvironment(env: NodeJS.ProcessEnv, settings: readonly Setting[]): Given[] {
  return settings.flatMap((setting) => {
    const text = env[setting.env];
    return text === undefined ? [] : [{ setting, value: fromText(text, setting), from: setting.env }];
  });
}

/** A YAML file: its content, and the line of each path. */
export class ConfigFile {
  readonly content: unknown;
  readonly #name: string;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  /** Complaints about the file as a whole go to `problems`. @throws Error when it cannot be read */
  constructor(name: string, problems: string[]) {
    this.#name = name;
    this.#document = parseDocument(readFile(name), {
      lineCounter: this.#lines,
      // Its excerpts of the file would show secrets.
      prettyErrors: false,
      logLevel: 'error',
    });
    for (const error of this.#document.errors) {
      problems.push(`${name}:${this.#lines.linePos(error.pos[0]).line}: ${error.message}`);
    }
    // References inside the file (anchors) may not blow it up beyond what a person writes.
    this.content =
      this.#document.errors.length > 0 ? {} : (this.#document.toJS({ maxAliasCount: 100 }) ?? {});
  }

  /** `file:line` of the value at a path, or of what is nearest above it. */
  where(path: readonly PropertyKey[]): string {
    let line = 1;
    let node: unknown = this.#document.contents;
    for (const [index, step] of path.entries()) {
      const pair = isMap(node)
        ? node.items.find(({ key }) => isScalar(key) && key.value === step)
        : undefined;
      node = this.#document.getIn(path.slice(0, index + 1), true);
      const start = rangeStart(pair?.key) ?? rangeStart(node);
      if (start === undefined) break;
      line = this.#lines.linePos(start).line;
    }
    return `${this.#name}:${line}`;
  }
}

/** " (did you mean …?)", or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

/** Text of a flag or variable as YAML would have it. What does not fit stays text, for the schema to refuse. */
function fromText(text: string, setting: Setting): unknown {
  if (setting.accepts.has('list')) {
    const trimmed = text.trim();
    if (setting.itemAccepts.has('json') || trimmed.startsWith('[')) return fromJson(text);
    if (trimmed === '') return [];
    return trimmed.split(',').map((item) => scalarFromText(item.trim(), setting.itemAccepts));
  }
  return scalarFromText(text, setting.accepts);
}

function scalarFromText(text: string, accepts: Setting['accepts']): unknown {
  if (accepts.has('boolean') && /^(true|false|1|0|yes|no|on|off)$/i.test(text)) {
    return /^(true|1|yes|on)$/i.test(text);
  }
  if (accepts.has('number') && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (accepts.has('json')) return fromJson(text);
  return text;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function readFile(name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw new Error(`--config: ${inWords(error)}`, { cause: error });
  }
}

function rangeStart(node: unknown): number | undefined {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const start: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof start === 'number' ? start : undefined;
}
