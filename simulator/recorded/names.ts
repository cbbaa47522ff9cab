import type { Mapping } from './mapping.ts';

/** More names than this are none of columns: they are not kept. */
const mostNames = 2000;

/** Which columns there were, and what they did wrong: what a mapping is held against. */
export class Names {
  readonly #mapping: Mapping;
  /** Of headers, and with `rows` of rows. */
  readonly #met = new Set<string>();
  /** Of files without a header that the mapping fits: the cells of their likeliest line. */
  readonly #likely = new Map<string, readonly string[]>();
  /** Cells by column and what was wrong with them. */
  readonly faults = new Map<string, { 'bad-number': number; implausible: number }>();

  constructor(mapping: Mapping) {
    this.#mapping = mapping;
  }

  meet(names: readonly string[]): void {
    for (const name of names) if (name !== '' && this.#met.size < mostNames) this.#met.add(name);
  }

  /** @returns whether these cells look more like a header than those before in the same file */
  offer(file: string, cells: readonly string[]): boolean {
    if ((this.#likely.get(file)?.length ?? 0) >= cells.length) return false;
    if (this.#likely.size < mostNames) this.#likely.set(file, cells);
    return true;
  }

  blame(name: string, fault: 'bad-number' | 'implausible'): void {
    const before = this.faults.get(name) ?? { 'bad-number': 0, implausible: 0 };
    before[fault]++;
    this.faults.set(name, before);
  }

  /** Every name that stood in a header, or in the likeliest line of a file that had none. */
  get known(): string[] {
    return [...new Set([...this.#met, ...[...this.#likely.values()].flat().filter((name) => name !== '')])];
  }

  /** Names that stood in headers, and with `rows` in rows, and that the mapping does not use. */
  get unused(): string[] {
    const used = new Set([...this.#mapping.columns.keys(), ...this.#others.map(({ name }) => name)]);
    return [...this.#met].filter((name) => !used.has(name));
  }

  /** Names of the mapping that no file had, and that are not optional. */
  get missed(): MissedName[] {
    const known = new Set(this.known);
    const wanted: MissedName[] = [
      ...this.#others,
      ...[...this.#mapping.columns].flatMap(([name, { optional }]) =>
        optional ? [] : [{ name, of: 'columns' as const }],
      ),
    ];
    return wanted.filter(({ name }) => !known.has(name));
  }

  /** Names that the mapping uses for something else than a signal. */
  get #others(): MissedName[] {
    const { time, rows, car } = this.#mapping;
    return [
      ...('columns' in time ? time.columns.map((name) => ({ name, of: 'time' as const })) : []),
      ...(rows ? [rows.name, rows.value].map((name) => ({ name, of: 'rows' as const })) : []),
      ...(car && 'column' in car ? [{ name: car.column, of: 'car' as const }] : []),
    ];
  }
}

export interface MissedName {
  name: string;
  /** The part of the mapping that names it. */
  of: 'time' | 'rows' | 'car' | 'columns';
}
