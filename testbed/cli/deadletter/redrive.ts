import { exitCodes } from '#runtime/errors.ts';
import type { Kafka } from '#wire/kafka.ts';
import { bytes as size, plural } from '../../verdict/figures.ts';
import type { Io } from '../command.ts';
import { byAge, nameOf, readLetters, type Choice, type Letter } from './letters.ts';
import { wrong, type Target } from './request.ts';
import { sendAgain, type Unsent } from './send-again.ts';
import { senderOf, today, todayInWords, type Today } from './today.ts';
import { harmless } from './words.ts';

export interface RedriveOptions {
  topicPrefix: string;
  choice: Choice;
  /** The newest so many of those that are chosen. */
  max: number;
  json: boolean;
  /** null: only say what would be sent. */
  to: Target | null;
}

/** Letters are held in memory until their edge has acknowledged them. */
const maxHeldBytes = 256 * 1024 * 1024;

/** `redrive`: the original bytes once more, at QoS 1, as their car would send them. */
export async function redriveLetters(kafka: Kafka, options: RedriveOptions, io: Io): Promise<number> {
  const { to, json } = options;
  const chosen = await choose(kafka, options, io);
  const now = Date.now();
  const judged = chosen.map((letter) => ({ letter, said: today(letter, now) }));
  const cars = Map.groupBy(chosen, senderOf);
  const leftOut = judged.filter(({ letter }) => senderOf(letter) === null);
  const sendable = judged.filter(({ letter }) => senderOf(letter) !== null);
  const unsent = to === null ? [] : await sendAgain(withoutNull(cars), to);
  const report = { sendable, leftOut, unsent, isDry: to === null };
  if (json) io.stdout.write(`${JSON.stringify(inPlainValues(report), null, 2)}\n`);
  else tell(report, io);
  return unsent.length === 0 ? exitCodes.ok : exitCodes.componentFailed;
}

interface Judged {
  letter: Letter;
  said: Today;
}

interface Report {
  sendable: Judged[];
  leftOut: Judged[];
  unsent: Unsent[];
  isDry: boolean;
}

/** The oldest first. @throws UserError when one that is named is not there, or they are too much for memory */
async function choose(kafka: Kafka, options: RedriveOptions, io: Io): Promise<Letter[]> {
  const { topicPrefix, choice, max } = options;
  let letters: Letter[] = [];
  let held = 0;
  await readLetters(kafka, {
    topicPrefix,
    choice,
    onLetter: (letter) => {
      letters.push(letter);
      held += letter.bytes.length;
      if (letters.length >= 2 * max || held > maxHeldBytes) {
        letters = letters.sort(byAge).slice(-max);
        held = letters.reduce((sum, { bytes }) => sum + bytes.length, 0);
      }
      if (held > maxHeldBytes)
        throw wrong(`these are more than ${size(maxHeldBytes)}: choose fewer, say by --max`);
    },
    onUnreadable: (where, why) => io.stderr.write(`${where}: ${harmless(why)}\n`),
  });
  const found = new Set(letters.map(nameOf));
  const missing = (choice.positions ?? []).find((position) => !found.has(nameOf(position)));
  if (missing !== undefined)
    throw wrong(`there is no letter ${nameOf(missing)}: fleetbed deadletter ls lists them`);
  return letters.sort(byAge).slice(-max);
}

function withoutNull(cars: ReadonlyMap<string | null, Letter[]>): Map<string, Letter[]> {
  return new Map([...cars].flatMap(([vin, letters]) => (vin === null ? [] : [[vin, letters] as const])));
}

function tell({ sendable, leftOut, unsent, isDry }: Report, io: Io): void {
  const say = (words: string): boolean => io.stdout.write(`${harmless(words)}\n`);
  for (const { letter, said } of leftOut) say(`${nameOf(letter)} left out: ${whyLeftOut(said)}`);
  if (isDry) {
    for (const { letter, said } of sendable) say(`${nameOf(letter)} ${letter.topic} ${todayInWords(said)}`);
  }
  for (const { letter, why } of unsent) io.stderr.write(`${nameOf(letter)} not acknowledged: ${why}\n`);
  if (sendable.length === 0) {
    say(`No letter ${isDry ? 'would be' : 'was'} sent.`);
    return;
  }
  const cars = plural(new Set(sendable.map(({ letter }) => letter.key)).size, 'car');
  const letters = plural(sendable.length, 'letter');
  say(
    isDry
      ? `${letters} of ${cars} would be sent.`
      : `${letters} of ${cars} sent, ${sendable.length - unsent.length} acknowledged.`,
  );
  const again = refusedAgain(sendable, unsent).length;
  if (again > 0)
    say(
      `${again} of these ${isDry ? 'would be' : again === 1 ? 'is' : 'are'} refused again, by today's rules: ` +
        `what is refused is acknowledged, too, and makes a new letter (fleetbed deadletter ls).`,
    );
}

function whyLeftOut(said: Today): string {
  if (said.kind === 'not-tried') return said.why;
  return said.kind === 'refused' ? said.detail : todayInWords(said);
}

/** By the rules of this version, which the edge need not have. */
function refusedAgain(sendable: readonly Judged[], unsent: readonly Unsent[]): Judged[] {
  const lost = new Set(unsent.map(({ letter }) => letter));
  return sendable.filter(({ letter, said }) => said.kind === 'refused' && !lost.has(letter));
}

function inPlainValues({ sendable, leftOut, unsent, isDry }: Report): unknown {
  return {
    dryRun: isDry,
    sent: isDry ? 0 : sendable.length,
    acknowledged: isDry ? 0 : sendable.length - unsent.length,
    refusedAgain: refusedAgain(sendable, unsent).length,
    letters: sendable.map(({ letter, said }) => ({
      letter: nameOf(letter),
      topic: letter.topic,
      today: said,
    })),
    leftOut: leftOut.map(({ letter, said }) => ({ letter: nameOf(letter), why: whyLeftOut(said) })),
    notAcknowledged: unsent.map(({ letter, why }) => ({ letter: nameOf(letter), why })),
  };
}
