import { z } from 'zod';

/** What --help and messages say of a type of ours. Survives .describe() and .default(). */
interface Meaning {
  /** Stands for the value in --help: --linger DURATION */
  placeholder: string;
  /** A default as a person would write it. */
  print?: (value: unknown) => string;
  /** Never shown: not in messages, not in --help, not in logs. */
  secret?: true;
}

export const meanings = z.registry<Meaning>();

const msByUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const bytesByUnit = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** "250ms", "10s", "2m", "1.5h", "7d", or a number of ms -> ms. */
export const duration: z.ZodType<number> = quantity(
  'a duration such as 250ms, 10s or 2m',
  /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/,
  (unit) => msByUnit[(unit || 'ms') as keyof typeof msByUnit],
).register(meanings, { placeholder: 'DURATION', print: printDuration });

/** "64MiB", "1GiB", "500KB", or a number of bytes -> bytes, whole. */
export const byteSize: z.ZodType<number> = quantity(
  'a size such as 500KB, 64MiB or 1GiB',
  /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB)?$/,
  (unit) => bytesByUnit[unit as keyof typeof bytesByUnit],
)
  .transform(Math.floor)
  .register(meanings, { placeholder: 'SIZE', print: printByteSize });

export interface HostPort {
  host: string;
  port: number;
}

/** "localhost:9092", "10.0.0.7:1883", "[::1]:1883". */
export const hostPort: z.ZodType<HostPort> = z
  .string()
  .transform((text, context) => {
    const [, bracketed, plain, port] =
      /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
    const host = bracketed ?? plain;
    const number = Number(port);
    if (host === undefined || number < 1 || number > 65_535) {
      context.addIssue({ code: 'custom', message: 'expected host:port, such as localhost:9092' });
      return z.NEVER;
    }
    return { host, port: number };
  })
  .register(meanings, { placeholder: 'HOST:PORT', print: printHostPort });

export interface HostPorts {
  host: string;
  ports: readonly number[];
}

/** One server, by one port or several: "localhost:1883", "10.0.0.7:1883+1884". */
export const hostPorts: z.ZodType<HostPorts> = z
  .string()
  .transform((text, context) => {
    const [first = '', ...more] = text.split('+');
    const { data } = hostPort.safeParse(first);
    const ports = [data?.port ?? 0, ...more.map((each) => (/^\d{1,5}$/.test(each) ? Number(each) : 0))];
    if (data === undefined || ports.some((each) => each < 1 || each > 65_535)) {
      const message = 'expected host:port, such as localhost:1883, or host:port+port';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    return { host: data.host, ports };
  })
  .register(meanings, { placeholder: 'HOST:PORT', print: printHostPorts });

/** A server's port; 0 lets the system choose. */
export const port = z.int().min(0).max(65_535).register(meanings, { placeholder: 'PORT' });

/** At least 8 characters. Its value is never printed: not in messages, not in --help, not in logs. */
export const secret = z.string().min(8).register(meanings, { placeholder: 'SECRET', secret: true });

/** A secret that another system made, of any length; never printed either. */
export const givenSecret = z.string().min(1).register(meanings, { placeholder: 'SECRET', secret: true });

function quantity(
  expected: string,
  pattern: RegExp,
  factorOf: (unit: string) => number,
): z.ZodPipe<z.ZodUnion<readonly [z.ZodNumber, z.ZodString]>, z.ZodTransform<number, string | number>> {
  return z
    .union([z.number(), z.string()], { error: () => `expected ${expected}` })
    .transform((given, context) => {
      const [, amount, unit = ''] = pattern.exec(String(given).trim()) ?? [];
      const value = Number(amount) * factorOf(unit);
      if (amount === undefined || !Number.isSafeInteger(Math.floor(value))) {
        context.addIssue({ code: 'custom', message: `expected ${expected}` });
        return z.NEVER;
      }
      return value;
    });
}

function printDuration(value: unknown): string {
  return inLargestUnit(value, Object.entries(msByUnit));
}

function printByteSize(value: unknown): string {
  return inLargestUnit(value, [
    ['', 1],
    ...Object.entries(bytesByUnit).filter(([unit]) => unit.endsWith('iB')),
  ]);
}

function inLargestUnit(value: unknown, ascending: [string, number][]): string {
  if (typeof value !== 'number') return String(value);
  const whole = ascending.findLast(([, factor]) => value !== 0 && value % factor === 0);
  return whole ? `${value / whole[1]}${whole[0]}` : String(value);
}

function printHostPorts(value: unknown): string {
  const { host, ports } = value as HostPorts;
  return [printHostPort({ host, port: ports[0] }), ...ports.slice(1)].join('+');
}

function printHostPort(value: unknown): string {
  const { host, port: number } = value as HostPort;
  return `${host.includes(':') ? `[${host}]` : host}:${number}`;
}
