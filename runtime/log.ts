import { pino } from 'pino';

export type Log = pino.Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** JSON lines with ISO time and the level's name, to stdout unless a destination is given. */
export function createLog(options: {
  component: string;
  level: string;
  /** The process's own name (edge-1); left out where it is the component's. */
  name?: string;
  destination?: pino.DestinationStream;
}): Log {
  const { component, name, level } = options;
  // Synchronous, so that the last words of a process that dies are written.
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true });
  return pino(
    {
      level,
      base: name === undefined || name === component ? { component } : { component, name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretPaths,
        censor: '(secret)',
      },
    },
    destination,
  );
}

/** What our configurations call secrets, at the top of what is logged and two levels below. */
const secretPaths = [
  'password',
  'secret',
  'fleetSecret',
  'edgeSecret',
  'passphrase',
  'pfx',
  'tls.key',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
