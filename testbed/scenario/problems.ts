import type { z } from 'zod';
import { expectation, shown, wordHint } from '#runtime/config/problems.ts';
import { UserError } from '#runtime/errors.ts';
import { nearestWord } from '#runtime/nearest-word.ts';

export type Path = readonly (string | number)[];

/** What of a field is wrong: its name or what it says. */
export type Side = 'key' | 'value';

/** Where a path was given. */
export interface Origins {
  /** `scenarios/quickstart.yaml:12:5`, or the option that set it. */
  where(path: Path, side: Side): string;
  /** Orders problems as a reader meets them. */
  position(path: Path, side: Side): number;
}

/** A problem in words, and where in the file it belongs. */
export interface Problem {
  position: number;
  text: string;
}

/** Every problem of a scenario, listed at once. */
export class ScenarioError extends UserError {
  override name = 'ScenarioError';
  /** One a line: file:line:column: path: expected …, got … (did you mean …?) */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const lines = problems.map(printable);
    super('config', lines.join('\n'));
    this.problems = lines;
  }
}

/** Collects what is wrong, so that all of it is told at once. */
export class Problems {
  readonly #origins: Origins;
  readonly #found: Problem[] = [];

  constructor(origins: Origins) {
    this.#origins = origins;
  }

  /**
   * @param path where it was given
   * @param expectedAndGot "expected edge-1 or edge-2, got edge-3"
   * @param hint the nearest right word
   */
  add(path: Path, expectedAndGot: string, hint?: string, side: Side = 'value'): void {
    const named = path.length === 0 ? '' : `${pathText(path)}: `;
    const meant = hint === undefined ? '' : ` (did you mean ${hint}?)`;
    this.#found.push({
      position: this.#origins.position(path, side),
      text: `${this.#origins.where(path, side)}: ${named}${expectedAndGot}${meant}`,
    });
  }

  /** One that is in words already. */
  addText(problem: Problem): void {
    this.#found.push(problem);
  }

  /** A field's name that is none of those known. */
  unknownField(path: Path, known: readonly string[]): void {
    const name = String(path.at(-1));
    const expected = `expected ${known.length > 2 ? 'one of ' : ''}${oneOf(known)}`;
    this.add(path, `${expected}, got ${name}`, nearestWord(name, known), 'key');
  }

  /** What zod says of a value, each of its issues as a problem. @param base the path of the value */
  addIssues(issues: readonly z.core.$ZodIssue[], base: Path, value: unknown, schema: z.ZodType): void {
    for (const issue of issues) {
      const path = [...base, ...(issue.path as Path)];
      if (issue.code === 'unrecognized_keys') {
        const known = fieldsAt(schema, issue.path as Path);
        for (const key of issue.keys) this.unknownField([...path, key], known);
        continue;
      }
      const given = valueAt(value, issue.path as Path);
      const [expected = '', hint] = heard(issue);
      const got = given === undefined ? 'but it is missing' : `got ${shown(given)}`;
      this.add(path, `${expected}, ${got}`, hint ?? nearestOf(issue, given));
    }
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  /** In the order of the file. @throws ScenarioError when there are any */
  throwIfAny(): void {
    if (!this.any) return;
    const inOrder = this.#found.toSorted((a, b) => a.position - b.position).map(({ text }) => text);
    throw new ScenarioError([...new Set(inOrder)]);
  }
}

/** A zod message that carries the nearest right value behind a line break; heard() takes the two apart. */
export function complaint(expected: string, hint: string | undefined): string {
  return hint === undefined ? expected : `${expected}\n${hint}`;
}

/** stages[1].for; a name with dots stays as it is: thresholds.delivery.lost */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

export function oneOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** Names in a file may hold anything, and a terminal obeys control characters. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const plain = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\ufffd]/g, '?');
  return plain.length > 500 ? `${plain.slice(0, 499)}…` : plain;
}

function heard(issue: z.core.$ZodIssue): string[] {
  return issue.message.startsWith('expected') ? issue.message.split('\n') : [expectation(issue)];
}

function nearestOf(issue: z.core.$ZodIssue, given: unknown): string | undefined {
  const hint = wordHint({ ...issue, input: given } as z.core.$ZodIssue);
  return hint === '' ? undefined : hint.replace(/^; did you mean |\?$/g, '');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], value);
}

/** Names of the fields that the schema has at this path. */
function fieldsAt(schema: z.ZodType, path: Path): string[] {
  const [step, ...rest] = path;
  const { def } = schema._zod as unknown as { def: SchemaDefinition };
  if (def.innerType) return fieldsAt(def.innerType, path);
  if (def.in) return fieldsAt(def.in, path);
  if (step === undefined)
    return def.shape ? Object.keys(def.shape) : (def.keyType?.options ?? []).map(String);
  const next = def.shape?.[step] ?? def.element ?? def.valueType;
  return next ? fieldsAt(next, rest) : [];
}

/** What zod keeps of the schemas that a scenario is made of. */
interface SchemaDefinition {
  innerType?: z.ZodType;
  in?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  valueType?: z.ZodType;
  keyType?: z.ZodType & { options?: readonly unknown[] };
}
