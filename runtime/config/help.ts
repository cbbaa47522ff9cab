import type { z } from 'zod';
import { settingsOf, type Setting } from './settings.ts';

/** --help of a component: what it is, and each setting's flag, variable, default and description. */
export function configHelp(schema: z.ZodObject, about: { usage: string; summary: string }): string {
  const settings = settingsOf(schema);
  return [
    about.summary,
    '',
    `Usage: ${about.usage}`,
    '',
    'Settings, by flag > environment > YAML file (--config FILE or FLEETBED_CONFIG) > default. In the file, groups nest:',
    exampleOf(settings),
    '',
    '  --config FILE',
    '      FLEETBED_CONFIG',
    ...settings.flatMap(settingLines),
    '  --help',
    '',
  ].join('\n');
}

function settingLines(setting: Setting): string[] {
  const { accepts, defaultText, description, env, flag, placeholder, required, secret } = setting;
  const isSwitch = accepts.size === 1 && accepts.has('boolean');
  const head = isSwitch ? `${flag}, --no-${flag.slice(2)}` : `${flag} ${placeholder}`;
  const notes = [env];
  if (required) notes.push('required');
  if (defaultText !== undefined && !secret) notes.push(`default ${defaultText}`);
  return [
    `  ${head}`,
    ...(description === undefined ? [] : [`      ${description}`]),
    `      ${notes.join(' · ')}`,
  ];
}

/** `--outbox-max-bytes is outbox: {maxBytes: …}`, by the first setting that lies in a group. */
function exampleOf(settings: readonly Setting[]): string {
  const { flag, path } = settings.find((setting) => setting.path.length > 1) ?? {
    flag: '--name',
    path: ['name'],
  };
  const nested = path.reduceRight(
    (inner, step, index) => (index === 0 ? `${step}: ${inner}` : `{${step}: ${inner}}`),
    '…',
  );
  return `${flag} is ${nested}`;
}
