import type { Problem, Summary } from './summary.ts';

/** What a fault leaves behind (resends, a backlog, cars that come back) may go wrong this long after it has ended. */
const afterSeconds = 10;

/** A message that was due this long before a fault may still have been on its way when it struck. */
const beforeSeconds = 1;

/**
 * Each problem with the faults during which it happened, in words: "cut edge-1/bridge". That they came together is no
 * proof of a cause, but the first place to look.
 */
export function problemsInContext(
  problems: readonly Problem[],
  faults: readonly Summary['faults'][number][],
): Problem[] {
  // A failure of a car's engine or sensor takes no message away, nor does a clock that is wrong.
  const ofParts = faults.filter(({ kind }) => kind !== 'fail' && kind !== 'skew');
  return problems.map((problem) => {
    const { at, lastAt } = problem;
    if (at === null) return problem;
    const during = ofParts.filter(
      (fault) =>
        fault.at - beforeSeconds <= (lastAt ?? at) &&
        (fault.endedAt === null || fault.endedAt + afterSeconds > at),
    );
    return { ...problem, during: [...new Set(during.map(({ kind, target }) => `${kind} ${target}`))] };
  });
}
