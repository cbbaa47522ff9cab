import { z } from 'zod';
import { meanings } from './values.ts';

type Schema = z.core.$ZodTypes;

/** What a setting's text in a flag or in the environment may stand for. */
type Accepted = 'text' | 'number' | 'boolean' | 'list' | 'json';

/** One setting: a leaf of a configuration's schema. */
export interface Setting {
  path: readonly string[];
  /** With its dashes: --outbox-max-bytes */
  flag: string;
  /** FLEETBED_OUTBOX_MAX_BYTES */
  env: string;
  accepts: ReadonlySet<Accepted>;
  /** Of a list: what its items accept. */
  itemAccepts: ReadonlySet<Accepted>;
  description: string | undefined;
  placeholder: string;
  /** A default as a person would write it. */
  defaultText: string | undefined;
  required: boolean;
  secret: boolean;
}

/** Every setting of a schema, in its order. @throws Error when two would share a flag: our own bug */
export function settingsOf(schema: z.ZodObject): Setting[] {
  const settings = [...leaves(schema, [], false)];
  const flags = new Set(settings.flatMap(({ flag }) => [flag, `--no-${flag.slice(2)}`]));
  if (flags.size !== settings.length * 2) throw new Error('two settings share one flag');
  return settings;
}

function* leaves(schema: z.ZodObject, above: readonly string[], inOptional: boolean): Generator<Setting> {
  for (const [name, child] of Object.entries(schema.shape)) {
    const path = [...above, name];
    const group = asObject(child);
    if (group) yield* leaves(group, path, inOptional || isOptional(child));
    else yield setting(child as Schema, path, inOptional);
  }
}

/** The object inside wrappers, or undefined when the schema is no object. */
export function asObject(schema: z.core.$ZodType): z.ZodObject | undefined {
  const inner = layers(schema as Schema).at(-1);
  return inner instanceof z.ZodObject ? inner : undefined;
}

/** May it be left out? */
export function isOptional(schema: z.core.$ZodType): boolean {
  return layers(schema as Schema).some((layer) =>
    ['optional', 'default', 'prefault', 'catch'].includes(layer._zod.def.type),
  );
}

/** The schema of what stands at a path, through objects, lists and records; undefined where nothing is known. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  const def = (layers(schema as Schema).at(-1) as Schema)._zod.def;
  let next: z.core.$ZodType | undefined;
  if (def.type === 'object') next = Object.hasOwn(def.shape, step) ? def.shape[String(step)] : undefined;
  else if (def.type === 'array') next = def.element;
  else if (def.type === 'record') next = def.valueType;
  return next && schemaAt(next, rest);
}

/** Is the value secret, or of a kind that may hide a secret? */
export function isSecret(schema: z.core.$ZodType): boolean {
  return layers(schema as Schema).some((layer) => meanings.get(layer)?.secret === true);
}

function setting(schema: Schema, path: readonly string[], inOptional: boolean): Setting {
  const words = path
    .map((step) => step.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`))
    .join('-');
  const all = layers(schema);
  const inner = all.at(-1) as Schema;
  const accepts = acceptedBy(inner);
  const meaning = all.map((layer) => meanings.get(layer)).find((known) => known !== undefined);
  const withDefault = all.find(
    (layer) => layer._zod.def.type === 'default' || layer._zod.def.type === 'prefault',
  );
  return {
    path,
    flag: `--${words}`,
    env: `FLEETBED_${words.replaceAll('-', '_').toUpperCase()}`,
    accepts,
    itemAccepts: inner._zod.def.type === 'array' ? acceptedBy(inner._zod.def.element as Schema) : new Set(),
    description: all
      .map((layer) => z.globalRegistry.get(layer)?.description)
      .find((text) => text !== undefined),
    placeholder: meaning?.placeholder ?? placeholderOf(inner, accepts),
    defaultText: withDefault && defaultText(withDefault, meaning?.print),
    required: !inOptional && !isOptional(schema),
    secret: isSecret(schema),
  };
}

/** From the outermost wrapper to what it wraps; a pipe counts as what goes into it. */
function layers(schema: Schema): Schema[] {
  const all = [schema];
  let inner: Schema | undefined = schema;
  while ((inner = inside(inner))) all.push(inner);
  return all;
}

function inside(schema: Schema): Schema | undefined {
  const { def } = schema._zod;
  if (def.type === 'lazy') return def.getter() as Schema;
  if (def.type === 'pipe') {
    // z.preprocess begins with a transform, which says nothing of what it takes.
    return ((def.in as Schema)._zod.def.type === 'transform' ? def.out : def.in) as Schema;
  }
  return 'innerType' in def ? (def.innerType as Schema) : undefined;
}

const acceptedByType: Record<string, Accepted> = {
  number: 'number',
  bigint: 'number',
  boolean: 'boolean',
  array: 'list',
  set: 'list',
  object: 'json',
  record: 'json',
  map: 'json',
  tuple: 'json',
};

function acceptedBy(schema: Schema): Set<Accepted> {
  const { def } = (layers(schema).at(-1) as Schema)._zod;
  if (def.type === 'literal') return new Set(def.values.map(acceptedLike));
  if (def.type === 'enum') return new Set(Object.values(def.entries).map(acceptedLike));
  if (def.type === 'union') {
    return new Set(def.options.flatMap((option) => Array.from(acceptedBy(option as Schema))));
  }
  return new Set([acceptedByType[def.type] ?? 'text']);
}

function acceptedLike(value: unknown): Accepted {
  return typeof value === 'number' || typeof value === 'boolean'
    ? (typeof value as 'number' | 'boolean')
    : 'text';
}

function placeholderOf(schema: Schema, accepts: ReadonlySet<Accepted>): string {
  const choices = choicesOf(schema);
  if (choices) return choices.join('|');
  const { def } = schema._zod;
  if (def.type === 'array') {
    const item = setting(def.element as Schema, [], false);
    return item.accepts.has('json') ? 'JSON' : `${item.placeholder},…`;
  }
  if (accepts.has('json')) return 'JSON';
  if (accepts.has('text')) return 'TEXT';
  return accepts.has('number') ? 'N' : '';
}

function choicesOf(schema: Schema): string[] | undefined {
  const { def } = schema._zod;
  if (def.type === 'enum') return Object.values(def.entries).map(String);
  if (def.type === 'literal') return def.values.map(String);
  if (def.type !== 'union') return undefined;
  const options = def.options.map((option) => choicesOf(layers(option as Schema).at(-1) as Schema));
  return options.every((option) => option !== undefined) ? options.flat() : undefined;
}

function defaultText(wrapper: Schema, print: ((value: unknown) => string) | undefined): string | undefined {
  const { def } = wrapper._zod;
  if (def.type !== 'default' && def.type !== 'prefault') return undefined;
  const value: unknown = def.defaultValue;
  if (print) return print(value);
  if (Array.isArray(value)) return value.join(',') || undefined;
  if (value === undefined || value === '') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
