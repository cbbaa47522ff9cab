import { exitCodes, inWords, UserError } from '#runtime/errors.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import type { Io } from './command.ts';
import { commandNames, commands, isCommandName, overview } from './commands.ts';

/** The program: finds the command, runs it, and tells what went wrong in words. @returns the exit code */
async function main(argv: readonly string[], io: Io): Promise<number> {
  const [first = '--help', ...rest] = argv;
  const asksForHelp = first === 'help' || first === '--help' || first === '-h';
  const named = asksForHelp ? rest.find((word) => !word.startsWith('-')) : first;
  if (named === undefined) {
    io.stdout.write(overview());
    return exitCodes.ok;
  }
  const name = named === '--version' || named === '-v' ? 'version' : named;
  if (!isCommandName(name)) {
    const near = nearestWord(name, commandNames);
    io.stderr.write(
      `fleetbed has no command ${JSON.stringify(name)}${near ? `: did you mean ${near}?` : ''}\n` +
        `Its commands: ${commandNames.join(', ')}\n`,
    );
    return exitCodes.invalidConfiguration;
  }
  try {
    const command = await commands[name].load();
    if (asksForHelp || rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(command.help);
      return exitCodes.ok;
    }
    const exitCode = await command.run(rest, io);
    if (command.endsProcess) process.exit(exitCode);
    return exitCode;
  } catch (error) {
    io.stderr.write(`${told(error)}\n`);
    return error instanceof UserError ? error.exitCode : exitCodes.componentFailed;
  }
}

/** What the system refuses is told in words; the rest is a bug of ours, whose stack helps whoever mends it. */
function told(error: unknown): string {
  const isBug = error instanceof Error && !(error instanceof UserError) && !('code' in error);
  return isBug ? (error.stack ?? error.message) : inWords(error);
}

// A reader that has seen enough (fleetbed ls | head) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2), process);
