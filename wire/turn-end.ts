/** Gathers what is to be written in a turn of the event loop. */
export interface TurnEnder {
  endTurn(): void;
}

let waiting: TurnEnder[] = [];

/** Calls `endTurn` once this turn's callbacks are through: one look serves all sockets. To be asked for once a turn. */
export function atTurnEnd(ender: TurnEnder): void {
  if (waiting.length === 0) process.nextTick(endTurn);
  waiting.push(ender);
}

function endTurn(): void {
  const all = waiting;
  waiting = [];
  for (const ender of all) ender.endTurn();
}
