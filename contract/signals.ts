/**
 * The signal table: the one place that names what a car measures. Paths are COVESA VSS 6 where it has one
 * (https://covesa.github.io/vehicle_signal_specification/), an overlay path of ours where it has none.
 * `range` is what a plausible sensor reports; `resolution` is the step of one count, as OBD-II (SAE J1979) has it
 * where it defines the PID.
 */
const table = [
  ['speed', 'Vehicle.Speed', 'km/h', 0, 255, 1],
  ['engineSpeed', 'Vehicle.Powertrain.CombustionEngine.Speed', 'rpm', 0, 8000, 0.25],
  ['throttlePosition', 'Vehicle.Powertrain.CombustionEngine.TPS', '%', 0, 100, 100 / 255],
  ['manifoldPressure', 'Vehicle.Powertrain.CombustionEngine.MAP', 'kPa', 10, 255, 1],
  ['massAirFlow', 'Vehicle.Powertrain.CombustionEngine.MAF', 'g/s', 0, 655, 0.01],
  ['intakeAirTemperature', 'Vehicle.OBD.IntakeTemp', 'degC', -40, 215, 1],
  [
    'coolantTemperature',
    'Vehicle.Powertrain.CombustionEngine.EngineCoolant.Temperature',
    'degC',
    -40,
    215,
    1,
  ],
  ['oilTemperature', 'Vehicle.Powertrain.CombustionEngine.EngineOil.Temperature', 'degC', -40, 210, 1],
  ['oilPressure', 'Vehicle.Powertrain.CombustionEngine.EOP', 'kPa', 0, 1000, 4],
  ['shortTermFuelTrim', 'Vehicle.OBD.ShortTermFuelTrim1', '%', -100, 100, 100 / 128],
  ['longTermFuelTrim', 'Vehicle.OBD.LongTermFuelTrim1', '%', -100, 100, 100 / 128],
  ['lambda', 'Vehicle.OBD.O2WR.Sensor1.Lambda', 'ratio', 0, 2, 2 / 65536],
  ['catalystTemperature', 'Vehicle.OBD.Catalyst.Bank1.Temperature1', 'degC', -40, 1200, 0.1],
  ['batteryVoltage', 'Vehicle.LowVoltageBattery.CurrentVoltage', 'V', 0, 20, 0.001],
  ['batteryCurrent', 'Vehicle.LowVoltageBattery.CurrentCurrent', 'A', -1500, 1500, 0.1],
  ['vibrationRms', 'Vehicle.Powertrain.CombustionEngine.Vibration.Rms', 'm/s2', 0, 200, 0.01],
  ['vibrationKurtosis', 'Vehicle.Powertrain.CombustionEngine.Vibration.Kurtosis', 'ratio', 0, 100, 0.01],
  ['ambientTemperature', 'Vehicle.Exterior.AirTemperature', 'degC', -40, 60, 0.5],
  ['ambientPressure', 'Vehicle.OBD.BarometricPressure', 'kPa', 50, 110, 0.1],
  ['gear', 'Vehicle.Powertrain.Transmission.CurrentGear', 'gear', 0, 12, 1],
] as const;

/** Name of a signal: the field's name in every record, column and scenario. */
export type SignalName = (typeof table)[number][0];

export interface Signal {
  name: SignalName;
  /** COVESA VSS path. */
  path: string;
  unit: string;
  /** Plausible range in `unit`, inclusive. */
  range: { min: number; max: number };
  /** Smallest step that the sensor reports, in `unit`. */
  resolution: number;
}

/** Every signal, in the order in which records carry them. */
export const signals: readonly Signal[] = table.map(([name, path, unit, min, max, resolution]) => ({
  name,
  path,
  unit,
  range: { min, max },
  resolution,
}));

export const signalNames: readonly SignalName[] = table.map(([name]) => name);
export const signalCount = table.length;

/** Position of each signal in a record: `signalIndex.coolantTemperature` is 6. */
export const signalIndex = Object.fromEntries(table.map(([name], index) => [name, index])) as Record<
  SignalName,
  number
>;
