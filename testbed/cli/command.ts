/** Where a command reads and writes. */
export interface Io {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
}

/** One command of fleetbed. */
export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  usage: string;
  /** What `fleetbed NAME --help` prints. */
  help: string;
  /** Its process ends with it, whatever handles are still open. */
  endsProcess?: true;
  /** @returns the exit code. @throws UserError, printed as words */
  run(argv: string[], io: Io): Promise<number>;
}
