import { UserError } from '#runtime/errors.ts';
import { nearestWord } from '#runtime/nearest-word.ts';

/** What a command takes: its options by their long names, and how many words beside them. */
export interface Accepted {
  command: string;
  /** `value`: takes a value, which may be given again when `values`; a pattern: may take one, which looks like this. */
  options: Readonly<Record<string, 'flag' | 'value' | 'values' | RegExp>>;
  positionals: { most: number; what: string };
}

export interface Given {
  has(option: string): boolean;
  value(option: string): string | undefined;
  values(option: string): readonly string[];
  positionals: readonly string[];
}

/**
 * Reads a command's arguments: --name value, --name=value, `--` before words that begin with a dash.
 * @throws UserError 'config' with the nearest right option
 */
export function readArguments(argv: readonly string[], accepted: Accepted): Given {
  const found = new Map<string, string[]>();
  const positionals: string[] = [];
  const refuse = (words: string): never => {
    throw new UserError(
      'config',
      `fleetbed ${accepted.command}: ${words} (see fleetbed ${accepted.command} --help)`,
    );
  };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--') {
      positionals.push(...argv.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      positionals.push(word);
      continue;
    }
    const [flag = '', ...rest] = word.split('=');
    const name = flag.replace(/^--/, '');
    const kind =
      flag.startsWith('--') && Object.hasOwn(accepted.options, name) ? accepted.options[name] : undefined;
    if (kind === undefined) {
      const near = nearestWord(name.replace(/^-/, ''), Object.keys(accepted.options));
      refuse(`there is no option ${flag}${near === undefined ? '' : `; did you mean --${near}?`}`);
    }
    if (kind instanceof RegExp && rest.length === 0 && !kind.test(argv[i + 1] ?? '')) {
      found.set(name, []);
      continue;
    }
    if (kind === 'flag') {
      if (rest.length > 0) refuse(`${flag} takes no value`);
      found.set(name, []);
      continue;
    }
    const value = rest.length > 0 ? rest.join('=') : argv[++i];
    if (value === undefined || (rest.length === 0 && value.startsWith('--'))) refuse(`${flag} needs a value`);
    const before = found.get(name) ?? [];
    if (before.length > 0 && kind !== 'values') refuse(`${flag} is given twice`);
    found.set(name, [...before, value ?? '']);
  }
  const { most, what } = accepted.positionals;
  if (positionals.length > most) {
    refuse(
      most === 0
        ? `expected no ${what}, got ${positionals.join(' ')}`
        : `expected ${what}, got ${positionals.join(' ')}`,
    );
  }
  return {
    has: (option) => found.has(option),
    value: (option) => found.get(option)?.[0],
    values: (option) => found.get(option) ?? [],
    positionals,
  };
}
