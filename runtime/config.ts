import type { z } from 'zod';
import { UserError, inWords } from './errors.ts';
import { expectation, shown, wordHint } from './config/problems.ts';
import { asObject, isOptional, isSecret, schemaAt, settingsOf, type Setting } from './config/settings.ts';
import { ConfigFile, didYouMean, readEnvironment, readFlags, type Given } from './config/sources.ts';

export { configHelp } from './config/help.ts';
export { expectation, wordHint } from './config/problems.ts';
export {
  byteSize,
  duration,
  givenSecret,
  hostPort,
  hostPorts,
  port,
  secret,
  type HostPort,
  type HostPorts,
} from './config/values.ts';
export { nearestWord } from './nearest-word.ts';

/** A group of settings: an object of YAML. */
type Group = Record<string, unknown>;

/**
 * A component's configuration: flags > environment (FLEETBED_…) > YAML file (--config FILE or FLEETBED_CONFIG) >
 * defaults. Key path a.bC is flag --a-b-c, variable FLEETBED_A_B_C, YAML a: {bC: …}. Lists are comma-separated in flags
 * and variables, lists and tables of groups JSON.
 * @throws UserError 'config' that tells every problem: where it was given, what was expected, the nearest right word
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  input: { argv: readonly string[]; env: NodeJS.ProcessEnv; component: string },
): z.output<S> {
  const problems: string[] = [];
  const settings = settingsOf(schema);
  const flags = readFlags(input.argv, settings, problems);
  const file = openFile(flags.configFile ?? input.env['FLEETBED_CONFIG'], problems);
  const merged = file && isGroup(file.content) ? file.content : {};
  if (file && !isGroup(file.content)) problems.push(`${file.where([])}: expected a group of settings`);
  if (file) problems.push(...unknownKeys(schema, merged, [], file));
  fillGroups(schema, merged);
  const given = new Map<string, Given>();
  for (const one of [...readEnvironment(input.env, settings), ...flags.given]) {
    setIn(merged, one.setting.path, one.value);
    given.set(one.setting.path.join('.'), one);
  }
  const result = schema.safeParse(merged, { reportInput: true });
  if (result.success && problems.length === 0) return result.data;
  for (const issue of result.error?.issues ?? []) {
    problems.push(problemText(issue, { schema, settings, given, file, merged }));
  }
  const list = problems.map((problem) => `\n  ${problem}`).join('');
  throw new UserError('config', `invalid configuration of ${input.component}:${list}`);
}

function openFile(name: string | undefined, problems: string[]): ConfigFile | undefined {
  if (name === undefined) return undefined;
  try {
    return new ConfigFile(name, problems);
  } catch (error) {
    problems.push(inWords(error));
    return undefined;
  }
}

interface Context {
  schema: z.ZodObject;
  settings: readonly Setting[];
  given: ReadonlyMap<string, Given>;
  file: ConfigFile | undefined;
  merged: Group;
}

/** "where: path: what was expected, got …". */
function problemText(issue: z.core.$ZodIssue, context: Context): string {
  const { file, given, schema, settings } = context;
  const path = issue.path.map(String);
  const name = path.join('.');
  const source = path.map((_, index) => given.get(path.slice(0, index + 1).join('.'))).find((one) => one);
  const setting = settings.find((one) => one.path.join('.') === name);
  const isMissing = valueAt(context.merged, issue.path) === undefined;
  if (isMissing && setting) {
    return `${name} is missing: give ${setting.flag}, ${setting.env} or ${name} in the --config file`;
  }
  const here = schemaAt(schema, issue.path);
  // Where the schema is not known (inside a union), a value may be a secret.
  const got = here && !isSecret(here) && !isMissing ? `, got ${shown(issue.input)}${wordHint(issue)}` : '';
  const expected = expectation(issue);
  if (source) {
    const inside = path.slice(source.setting.path.length).join('.');
    return `${source.from}${inside && ` (${inside})`}: ${expected}${got}`;
  }
  return `${file ? `${file.where(issue.path)}: ` : ''}${name || 'configuration'}: ${expected}${got}`;
}

function* unknownKeys(
  schema: z.ZodObject,
  content: Group,
  above: readonly string[],
  file: ConfigFile,
): Generator<string> {
  for (const [key, value] of Object.entries(content)) {
    const path = [...above, key];
    const child = Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined;
    if (!child) {
      const hint = didYouMean(key, Object.keys(schema.shape));
      yield `${file.where(path)}: ${path.join('.')}: no such setting${hint}`;
      continue;
    }
    const group = asObject(child);
    if (group && isGroup(value)) yield* unknownKeys(group, value, path, file);
  }
}

/** A group that must be there is there, so that what is missing is named by its own path. */
function fillGroups(schema: z.ZodObject, content: Group): void {
  for (const [key, child] of Object.entries(schema.shape)) {
    const group = asObject(child);
    if (!group) continue;
    if (content[key] === undefined && !isOptional(child)) content[key] = {};
    const inner = content[key];
    if (isGroup(inner)) fillGroups(group, inner);
  }
}

/** A value in the place of a group (the file's mistake) is left for the schema to refuse. */
function setIn(content: Group, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    content[key] = value;
    return;
  }
  content[key] ??= {};
  const inner = content[key];
  if (isGroup(inner)) setIn(inner, rest, value);
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  let value = content;
  for (const step of path) value = typeof value === 'object' && value ? Reflect.get(value, step) : undefined;
  return value;
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
