/** Exit codes of every command; k6's where it has one. */
export const exitCodes = {
  ok: 0,
  thresholdFailed: 99,
  invalidConfiguration: 104,
  stoppedByUser: 105,
  componentFailed: 106,
  invalidRun: 107,
} as const;

/** Who can mend it: `config` the writer of a configuration or scenario, `component` the one who runs the machine. */
export type UserErrorKind = 'config' | 'component';

/** An error that is told to the user as words, without a stack. */
export class UserError extends Error {
  override name = 'UserError';
  readonly kind: UserErrorKind;

  constructor(kind: UserErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }

  get exitCode(): number {
    return this.kind === 'config' ? exitCodes.invalidConfiguration : exitCodes.componentFailed;
  }
}

interface SystemError extends Error {
  code: string;
  path?: string;
  address?: string;
  port?: number;
}

const explanations: Record<string, (error: SystemError) => string> = {
  EADDRINUSE: (error) => `${where(error)} is already in use by another program`,
  EADDRNOTAVAIL: (error) => `${where(error)} is not an address of this machine, or no local port is left`,
  EACCES: (error) => `no permission for ${where(error)}`,
  EPERM: (error) => `not permitted on ${where(error)}`,
  EMFILE: () => 'this process has no file descriptors left (see ulimit -n)',
  ENFILE: () => 'this machine has no file descriptors left',
  ENOSPC: (error) => `the disk is full${error.path === undefined ? '' : ` at ${error.path}`}`,
  EROFS: (error) => `${where(error)} is on a read-only file system`,
  ENOENT: (error) => `${where(error)} does not exist`,
  ENOTDIR: (error) => `${where(error)} is not a folder`,
  EISDIR: (error) => `${where(error)} is a folder`,
  ECONNREFUSED: (error) => `nothing listens at ${where(error)}`,
  ECONNRESET: (error) => `the connection to ${where(error)} was reset`,
  ETIMEDOUT: (error) => `${where(error)} did not answer in time`,
  EHOSTUNREACH: (error) => `${where(error)} cannot be reached`,
  ENETUNREACH: (error) => `${where(error)} cannot be reached`,
  ENOTFOUND: (error) => `the host name ${hostOf(error)} is not known`,
  EAI_AGAIN: (error) => `the host name ${hostOf(error)} cannot be looked up now`,
};

/** An error as a sentence for a person: system errors are explained, of others the message is given. */
export function inWords(error: unknown): string {
  if (error instanceof UserError) return error.message;
  // A host name with several addresses fails once for each of them.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(inWords))].join('; ');
  }
  if (!(error instanceof Error)) return String(error);
  const explain = isSystemError(error) ? explanations[error.code] : undefined;
  if (explain) return explain(error as SystemError);
  return error.message || error.name;
}

function isSystemError(error: Error): error is SystemError {
  return 'code' in error && typeof error.code === 'string';
}

function where(error: SystemError): string {
  if (error.path !== undefined) return error.path;
  if (error.address === undefined) return error.port === undefined ? 'it' : `port ${error.port}`;
  if (error.port === undefined) return error.address;
  const host = error.address.includes(':') ? `[${error.address}]` : error.address;
  return `${host}:${error.port}`;
}

function hostOf(error: SystemError): string {
  return 'hostname' in error ? String(error.hostname) : where(error);
}
