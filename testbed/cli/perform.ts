import path from 'node:path';
import { exitCodes } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import type { KafkaConfig } from '#wire/kafka.ts';
import type { MqttTarget } from '../run/given-broker.ts';
import { runScenario } from '../run/run.ts';
import { StoppedEarly } from '../run/set-up.ts';
import { Stop } from '../run/stop.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { renderScreen } from '../verdict/screen.ts';
import type { Drives } from '../run/drives.ts';
import type { Io } from './command.ts';
import { drivesRecord } from './drives-words.ts';

export interface Performance {
  scenario: Scenario;
  /** The user's own Kafka; undefined starts one. */
  kafka: KafkaConfig | undefined;
  /** The user's own MQTT broker between edges and bridges. */
  mqtt?: MqttTarget | undefined;
  /** Of a recorded fleet. */
  drives: Drives | undefined;
  out: string | undefined;
  keep: boolean;
}

/** Runs a scenario and shows what came of it. @returns the exit code */
export async function perform(
  { scenario, kafka, mqtt, drives, out, keep }: Performance,
  io: Io,
): Promise<number> {
  const stop = new Stop();
  const release = onInterrupt(stop, io.stderr);
  try {
    const { summary, samples, reportFile, kept } = await runScenario({
      scenario,
      given: kafka,
      mqtt,
      drives:
        drives?.file === undefined ? undefined : { file: drives.file, record: drivesRecord(drives.read) },
      out: (run) => path.resolve(out ?? path.join('out', scenario.name, run)),
      keep,
      stop,
      log: createLog({ component: 'run', level: io.env['FLEETBED_LOG_LEVEL'] ?? 'silent' }),
      terminal: io.stdout,
    });
    const shown = path.relative(process.cwd(), reportFile);
    io.stdout.write(
      renderScreen(summary, {
        color: io.stdout.isTTY && !io.env['NO_COLOR'],
        width: Math.min(100, io.stdout.columns || 100),
        samples,
        report: shown.startsWith('..') ? reportFile : shown,
      }),
    );
    if (kept !== undefined) io.stdout.write(`  ${kept}\n\n`);
    return summary.run.exitCode;
  } catch (error) {
    if (!(error instanceof StoppedEarly)) throw error;
    io.stderr.write('Stopped before the schedule began.\n');
    return exitCodes.stoppedByUser;
  } finally {
    release();
  }
}

/** The first Ctrl-C ends the run in order, the second at once. @returns how to stop listening */
function onInterrupt(stop: Stop, err: NodeJS.WritableStream): () => void {
  let asked = false;
  const interrupt = (): void => {
    if (asked) process.exit(exitCodes.stoppedByUser);
    asked = true;
    err.write('\nStopping (once more: at once) …\n');
    stop.request('user');
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
}
