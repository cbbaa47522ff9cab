import { signalIndex, type SignalName } from '#contract/signals.ts';
import { carLife } from '#simulator/car-life.ts';
import { fleetWith } from '../fleets.ts';

/** A drive of our own simulator, as rows: seconds, and the signals that a logger asked for (null: absent). */
export interface Recording {
  seconds: number[];
  values: Map<SignalName, (number | null)[]>;
}

/** The signals that most OBD-II cars answer for. */
export const usualSignals: readonly SignalName[] = [
  'speed',
  'engineSpeed',
  'throttlePosition',
  'manifoldPressure',
  'massAirFlow',
  'intakeAirTemperature',
  'coolantTemperature',
  'shortTermFuelTrim',
  'longTermFuelTrim',
  'batteryVoltage',
  'ambientTemperature',
  'ambientPressure',
];

/** The first readings of a simulated car, one a second. */
export function recordingOf(
  car: number,
  readings: number,
  names: readonly SignalName[] = usualSignals,
): Recording {
  const fleet = fleetWith({
    ...{ cars: 200, profiles: { petrol: 1 }, start: 'mixed', speedup: 1 },
    stages: [{ forMs: (readings + 20) * 1000, cars: 200 }],
  });
  const recording: Recording = { seconds: [], values: new Map(names.map((name) => [name, []])) };
  for (const { columns } of carLife(fleet, car)) {
    for (let reading = 0; reading < fleet.readingsPerMessage; reading++) {
      if (recording.seconds.length === readings) return recording;
      recording.seconds.push(recording.seconds.length);
      for (const [name, values] of recording.values) {
        const value = columns[signalIndex[name]]![reading]!;
        values.push(Number.isNaN(value) ? null : value);
      }
    }
  }
  return recording;
}

function cell(value: number | null, digits = 2): string {
  return value === null ? '' : String(Number(value.toFixed(digits)));
}

/** A plain table: seconds and a column for each signal, in our own units. */
export function plainCsv({ seconds, values }: Recording): string {
  const names = [...values.keys()];
  const rows = seconds.map((second, row) =>
    [second, ...names.map((name) => cell(values.get(name)![row]!, 3))].join(','),
  );
  return `${['time', ...names].join(',')}\n${rows.join('\n')}\n`;
}

export const plainMapping = (names: readonly SignalName[], units: Record<string, string>): string =>
  [
    'time: { column: time, format: seconds }',
    'columns:',
    ...names.map((name) => `  ${name}: { signal: ${name}, unit: '${units[name]}' }`),
    '',
  ].join('\n');

/** As Torque writes: a date of its own, spaces before names, units in names, - for nothing, a comma at the end. */
export function torqueCsv({ seconds, values }: Recording): string {
  const start = Date.UTC(2026, 8, 29, 17, 6, 0);
  const rows = seconds.map((second, row) => {
    const time = new Date(start + second * 1000);
    const date = `${time.getUTCDate()}-Sep-2026 ${time.toISOString().slice(11, 23)}`;
    const mph = values.get('speed')![row]!;
    const coolant = values.get('coolantTemperature')![row]!;
    const pressure = values.get('manifoldPressure')![row]!;
    return [
      date,
      row % 7 === 3 ? '-' : cell(values.get('engineSpeed')![row]!),
      cell(mph === null ? null : mph / 1.609344, 4),
      cell(coolant === null ? null : coolant * 1.8 + 32, 4),
      cell(pressure === null ? null : pressure / 6.894757, 5),
      '',
    ].join(',');
  });
  const header =
    ' Device Time, Engine RPM(rpm), Speed (OBD)(mph), Engine Coolant Temperature(°F), Intake Manifold Pressure(psi),';
  return `${header}\r\n${rows.join('\r\n')}\r\n`;
}

export const torqueMapping = `
time: { column: Device Time, format: DD-MMM-YYYY HH:mm:ss.SSS }
columns:
  Engine RPM(rpm): { signal: engineSpeed, unit: rpm }
  Speed (OBD)(mph): { signal: speed, unit: mph }
  Engine Coolant Temperature(°F): { signal: coolantTemperature, unit: °F }
  Intake Manifold Pressure(psi): { signal: manifoldPressure, unit: psi }
`;

/** As Car Scanner writes: each row one value, quoted, with its name and its unit. */
export function longCsv({ seconds, values }: Recording): string {
  const names = { engineSpeed: 'Engine RPM', speed: 'Vehicle speed', coolantTemperature: 'Coolant' };
  const rows = seconds.flatMap((second, row) =>
    Object.entries(names).map(([name, said], at) => {
      const value = cell(values.get(name as SignalName)![row]!);
      return `"${(36_000.25 + second + at / 10).toFixed(6)}";"${said}";"${value}";"";`;
    }),
  );
  return `"SECONDS";"PID";"VALUE";"UNITS";\n${rows.join('\n')}\n`;
}

export const longMapping = `
time: { column: SECONDS, format: seconds }
rows: { name: PID, value: VALUE }
columns:
  Engine RPM: { signal: engineSpeed, unit: rpm }
  Vehicle speed: { signal: speed, unit: km/h }
  Coolant: { signal: coolantTemperature, unit: degC }
`;

/** As a spreadsheet saves it in much of Europe: semicolons, decimal commas, a row of units, date and time apart. */
export function europeanCsv({ seconds, values }: Recording): string {
  const rows = seconds.map((second, row) => {
    const time = new Date(Date.UTC(2026, 4, 4, 6, 0, second));
    const clock = time.toISOString().slice(11, 19);
    const kelvin = values.get('coolantTemperature')![row]!;
    const flow = values.get('massAirFlow')![row]!;
    const cells = [
      cell(kelvin === null ? null : kelvin + 273.15),
      cell(flow === null ? null : flow * 3.6, 3),
    ].map((text) => text.replace('.', ','));
    return ['04.05.2026', clock, ...cells].join(';');
  });
  return `\ufeffRecorded by hand;;;\r\n\r\nDatum;Zeit;Kühlmittel;Luftmasse\r\n;;K;kg/h\r\n${rows.join('\n')}`;
}

export const europeanMapping = `
time: { column: [Datum, Zeit], format: 'DD.MM.YYYY HH:mm:ss' }
decimal: ','
columns:
  Kühlmittel: { signal: coolantTemperature, unit: K }
  Luftmasse: { signal: massAirFlow, unit: kg/h }
`;

/** One parameter refreshed in each row, as loggers do that ask one after the other; the others stay empty. */
export function oneByOneCsv({ seconds, values }: Recording): string {
  const names = [...values.keys()];
  const rows = seconds.flatMap((second, row) =>
    names.map((name, at) => {
      const cells = names.map((other) => (other === name ? cell(values.get(name)![row]!, 3) : ''));
      return [second * 1000 + at * 50, ...cells].join('\t');
    }),
  );
  return `${['ms', ...names].join('\t')}\n${rows.join('\n')}\n`;
}
