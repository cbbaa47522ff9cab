import { signalIndex, signals, type SignalName } from '#contract/signals.ts';

/** How a unit becomes the signal's own: value x factor + offset. */
export interface Conversion {
  factor: number;
  offset: number;
}

type Row = readonly [factor: number, offset: number, ...names: string[]];

/**
 * Units that loggers write, by the unit of contract/signals.ts that they become. The first name is the one that errors
 * show; upper and lower case do not count. NIST SP 811 has the factors.
 */
const table: Record<string, readonly Row[]> = {
  'km/h': [
    [1, 0, 'km/h', 'kmh', 'kph'],
    [1.609344, 0, 'mph', 'mi/h'],
    [3.6, 0, 'm/s'],
    [1.852, 0, 'kn', 'knots'],
  ],
  rpm: [
    [1, 0, 'rpm', '1/min', 'rev/min'],
    [60, 0, 'Hz', '1/s', 'rev/s'],
    [60 / (2 * Math.PI), 0, 'rad/s'],
  ],
  '%': [
    [1, 0, '%', 'percent'],
    [100, 0, 'ratio', '1'],
  ],
  kPa: [
    [1, 0, 'kPa'],
    [0.001, 0, 'Pa'],
    [0.1, 0, 'hPa', 'mbar'],
    [100, 0, 'bar'],
    [1000, 0, 'MPa'],
    [6.894757, 0, 'psi', 'psia'],
    [3.386389, 0, 'inHg'],
    [0.1333224, 0, 'mmHg', 'torr'],
    [101.325, 0, 'atm'],
  ],
  'g/s': [
    [1, 0, 'g/s'],
    [1 / 3.6, 0, 'kg/h'],
    [1000 / 60, 0, 'kg/min'],
    [453.59237 / 60, 0, 'lb/min'],
  ],
  degC: [
    [1, 0, 'degC', '°C', 'C', 'celsius'],
    [5 / 9, -160 / 9, 'degF', '°F', 'F', 'fahrenheit'],
    [1, -273.15, 'K', 'kelvin'],
  ],
  ratio: [
    [1, 0, 'ratio', '1', 'lambda'],
    [0.01, 0, '%', 'percent'],
  ],
  V: [
    [1, 0, 'V', 'volt', 'volts'],
    [0.001, 0, 'mV'],
  ],
  A: [
    [1, 0, 'A', 'ampere', 'amps'],
    [0.001, 0, 'mA'],
  ],
  'm/s2': [
    [1, 0, 'm/s2', 'm/s²', 'm/s^2'],
    [9.80665, 0, 'g'],
  ],
  gear: [[1, 0, 'gear', '1']],
};

/** @returns undefined for a unit that the signal cannot be measured in */
export function conversionOf(signal: SignalName, unit: string): Conversion | undefined {
  const row = rowsOf(signal).find(([, , ...names]) => names.some((name) => isSame(name, unit)));
  return row && { factor: row[0], offset: row[1] };
}

/** The units that a signal may be recorded in, its own first. */
export function unitsOf(signal: SignalName): string[] {
  return rowsOf(signal).flatMap(([, , name = '']) => name);
}

/** Every name of these units, to find the nearest to a wrong one. */
export function unitNamesOf(signal: SignalName): string[] {
  return rowsOf(signal).flatMap(([, , ...names]) => names);
}

function rowsOf(signal: SignalName): readonly Row[] {
  return table[signals[signalIndex[signal]]!.unit] ?? [];
}

/** MPa is a thousand times kPa, and no logger means mPa: case counts only where it must. */
function isSame(name: string, unit: string): boolean {
  return name.toLowerCase() === unit.trim().toLowerCase();
}
