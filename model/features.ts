import { signalCount, signals, type SignalName } from '#contract/signals.ts';
import { EncodedTelemetry, readingsOf, type TelemetryBatch } from '#contract/telemetry.ts';
import { CarStates } from './car-states.ts';
import { featureCount, featureIndex as f, type FeatureName } from './feature-names.ts';

export { featureCount, featureIndex, featureNames, featureSchemaHash } from './feature-names.ts';

/** A car that is silent for longer begins anew. */
const longestGapMs = 60_000;

/** An engine turns above this; the slowest idle is at twice as much. */
const turningRpm = 300;
/** Nobody rolls faster with an engine that stands, but who has another motor, km/h. */
const drivingKmh = 10;
/** Pressures and flows follow a started engine after this. */
const settleSeconds = 5;
/** A catalyst takes minutes to be as hot as its engine's load says, from cold and after a stop. */
const lightOffSeconds = 240;

/** Lambda sensors go no further than 2: above this, fuel is cut, or a diesel engine runs at low load. */
const leanestLambda = 1.95;
const leanDieselLambda = 3.2;
const stoichiometricAir = 14.6;

/** How long a car's size is averaged over. */
const longestMemorySeconds = 3600;
/** Keeps a first mean from dividing by nothing, s. */
const tiny = 1e-9;

/** Below this (rpm x kPa / K) the share of two noisy numbers says little of an engine's size. */
const leastDensity = 20;

/** One count of the air meter, g/s. */
const leastFlow = signals[f.massAirFlow]!.resolution;

/** Outside, where no sensor says it, kPa. */
const usualKpa = 101;

/** A battery that takes more than this, A, pulls the voltage below what the regulator wants. */
const mostCharging = 8;

/** At which a thermostat holds an engine. */
const warmC = 90;
/** K/s for each g/s of fuel and unit of displacement; a diesel engine leaves less of it in its coolant. */
const petrolHeat = 0.0085;
const dieselHeat = 0.0064;
/** K/s for each rpm. */
const frictionHeat = 1.3e-5;
/** How slowly the engine's own thermometer corrects what the heat balance says. */
const balanceSeconds = 600;
const coolDownSeconds = 180;
/** Of an engine that rests, such as a hybrid's, its thermometer knows best. */
const restBalanceSeconds = 60;
/** How long oil takes to follow the coolant, and while no pump moves them. */
const oilSeconds = 150;
const restOilSeconds = 500;
/** How long a catalyst takes to follow burnt gas, air alone, and its surroundings. */
const fireSeconds = 45;
const overrunSeconds = 240;
const restSeconds = 900;

const lowest = Float64Array.from(signals, (signal) => signal.range.min);
const highest = Float64Array.from(signals, (signal) => signal.range.max);
/** In `absent`. */
const bits = Float64Array.from(signals, (_, signal) => 2 ** signal);

const gates: readonly (readonly [from: SignalName, to: FeatureName, runningSeconds: number])[] = [
  ['oilPressure', 'log.oilPressure', settleSeconds],
  ['shortTermFuelTrim', 'running.shortTermFuelTrim', settleSeconds],
  ['catalystTemperature', 'running.catalystTemperature', lightOffSeconds],
  ['vibrationRms', 'log.vibrationRms', settleSeconds],
];
const gateFrom = Int32Array.from(gates, ([from]) => f[from]);
const gateTo = Int32Array.from(gates, ([, to]) => f[to]);
const gateSeconds = Float64Array.from(gates, ([, , seconds]) => seconds);
/** Where a logarithm is wanted: the least that it is taken of, one count. 0 where none is. */
const gateLeast = Float64Array.from(gates, ([from, to]) =>
  to.startsWith('log.') ? signals[f[from]]!.resolution : 0,
);

/** Means over about so many seconds; over all that was seen until there is as much. */
const means: readonly (readonly [from: FeatureName, to: FeatureName, seconds: number])[] = [
  ['charge', 'charge.5s', 5],
  ['speed', 'speed.60s', 60],
  ['speed', 'speed.240s', 240],
  ['slowness', 'slowness.45s', 45],
  ['boost', 'boost.45s', 45],
  ['engineSpeed', 'engineSpeed.15s', 15],
  ['engineSpeed', 'engineSpeed.60s', 60],
  ['engineSpeed', 'engineSpeed.240s', 240],
  ['fuelFlow', 'fuelFlow.15s', 15],
  ['fuelFlow', 'fuelFlow.60s', 60],
  ['fuelFlow', 'fuelFlow.240s', 240],
];
const meanFrom = Int32Array.from(means, ([from]) => f[from]);
const meanTo = Int32Array.from(means, ([, to]) => f[to]);
const meanSeconds = Float64Array.from(means, ([, , seconds]) => seconds);
const longestMean = Math.max(...meanSeconds);
/** What a reading adds to each mean once there is as much past as it takes, and after which time, s. */
const gains = new Float64Array(means.length);
let gainsDt = Number.NaN;

/** A car's numbers, by place. */
const at = {
  session: 0,
  lastMs: 1,
  elapsed: 2,
  running: 3,
  hasFuelTrim: 4,
  displacement: 5,
  displacementSeconds: 6,
  exhaust: 7,
  coolant: 8,
  warmth: 9,
  warming: 10,
  ambient: 11,
  burning: 12,
  hasMotor: 13,
  means: 14,
} as const;
const stateSize = at.means + means.length;

/**
 * From the signals of a car to rows of features: the one preprocessing of trainer and edge. It keeps some numbers of
 * each car between two batches; all times are the car's own.
 */
export class FeatureExtractor {
  readonly #cars = new CarStates(stateSize);
  /** Where readings of an encoded batch are read to: long enough for the longest so far. */
  #columns: Float32Array[] = [];
  #startedAnew = false;

  /** Did the car of the last `extract` begin anew with it? */
  get startedAnew(): boolean {
    return this.#startedAnew;
  }

  /**
   * Writes featureCount floats a reading into `rows`, from index `start` on. NaN is what is absent: the car lacks the
   * signal, or it is outside its plausible range. A new session, a clock that goes back and a gap of more than a
   * minute begin the car anew.
   * @returns how many readings
   * @throws RangeError for a batch of other columns than the signal table's
   */
  extract(slot: number, batch: TelemetryBatch | EncodedTelemetry, rows: Float32Array, start: number): number {
    const own = this.#cars.reach(slot);
    const state = this.#cars.numbers;
    const { intervalMs, simTime, session } = batch;
    const readings = readingsOf(batch);
    const columns = batch instanceof EncodedTelemetry ? this.#read(batch) : batch.columns;
    if (columns.length !== signalCount) throw new RangeError(`a batch of ${columns.length} signals`);
    let dt = this.#continue(state, own, session, simTime);
    copyPlausible(columns, rows, start, readings);
    for (let reading = 0; reading < readings; reading++) {
      const row = start + reading * featureCount;
      const elapsed = state[own + at.elapsed]! + dt;
      state[own + at.elapsed] = elapsed;
      gate(state, own, rows, row, dt);
      breathe(state, own, rows, row, dt);
      average(state, own, rows, row, dt, elapsed);
      warm(state, own, rows, row, dt);
      dt = Math.max(0, intervalMs) / 1000;
    }
    state[own + at.lastMs] = simTime + (readings - 1) * intervalMs;
    return readings;
  }

  /** What comes next under this slot is another car. */
  forget(slot: number): void {
    this.#cars.clear(slot);
  }

  #read(batch: EncodedTelemetry): Float32Array[] {
    if ((this.#columns[0]?.length ?? -1) < batch.readings)
      this.#columns = signals.map(() => new Float32Array(batch.readings));
    batch.readInto(this.#columns);
    return this.#columns;
  }

  /** @returns seconds since the car's last reading, 0 when it begins */
  #continue(state: Float64Array, own: number, session: number, simTime: number): number {
    const gapMs = simTime - state[own + at.lastMs]!;
    this.#startedAnew = !(state[own + at.session] === session && gapMs > 0 && gapMs <= longestGapMs);
    if (!this.#startedAnew) return gapMs / 1000;
    state.fill(Number.NaN, own, own + stateSize);
    state[own + at.session] = session;
    state[own + at.elapsed] = 0;
    state[own + at.running] = 0;
    state[own + at.hasFuelTrim] = 0;
    state[own + at.hasMotor] = 0;
    state[own + at.displacementSeconds] = 0;
    state[own + at.warming] = 0;
    return 0;
  }
}

/** The signals' places of each row, NaN where a value is outside its range, and which of them are. */
function copyPlausible(
  columns: readonly Float32Array[],
  rows: Float32Array,
  start: number,
  readings: number,
): void {
  for (let reading = 0; reading < readings; reading++) rows[start + reading * featureCount + f.absent] = 0;
  for (let signal = 0; signal < signalCount; signal++) {
    const column = columns[signal]!;
    const least = lowest[signal]!;
    const most = highest[signal]!;
    const bit = bits[signal]!;
    for (let reading = 0, to = start + signal; reading < readings; reading++, to += featureCount) {
      const value = column[reading]!;
      if (value >= least && value <= most) rows[to] = value;
      else {
        rows[to] = Number.NaN;
        rows[to - signal + f.absent]! += bit;
      }
    }
  }
}

/** Lets targets through that hang on a running engine. An engine speed that nobody reports counts as running. */
function gate(state: Float64Array, own: number, rows: Float32Array, row: number, dt: number): void {
  const running = rows[row + f.engineSpeed]! < turningRpm ? 0 : state[own + at.running]! + dt;
  state[own + at.running] = running;
  for (let index = 0; index < gateFrom.length; index++) {
    const value = rows[row + gateFrom[index]!]!;
    const least = gateLeast[index]!;
    rows[row + gateTo[index]!] =
      running > gateSeconds[index]! ? (least > 0 ? Math.log(Math.max(least, value)) : value) : Number.NaN;
  }
}

/** What the engine takes in: fuel, air for each turn, and how large it must be to take so much. */
function breathe(state: Float64Array, own: number, rows: Float32Array, row: number, dt: number): void {
  const rpm = rows[row + f.engineSpeed]!;
  const pressure = rows[row + f.manifoldPressure]!;
  const kelvin = rows[row + f.intakeAirTemperature]! + 273.15;
  const air = rows[row + f.massAirFlow]!;
  if (!Number.isNaN(rows[row + f.shortTermFuelTrim]!)) state[own + at.hasFuelTrim] = 1;
  rows[row + f.hasFuelTrim] = state[own + at.hasFuelTrim]!;
  if (rpm < turningRpm && rows[row + f.speed]! > drivingKmh) state[own + at.hasMotor] = 1;
  rows[row + f.hasMotor] = state[own + at.hasMotor]!;
  rows[row + f.fuelFlow] =
    air / stoichiometricAir / excessAir(rows[row + f.lambda]!, state[own + at.hasFuelTrim]!);
  rows[row + f.charge] = rpm < turningRpm ? 0 : (1000 * air) / rpm;
  rows[row + f.slowness] = 1 / (1 + rows[row + f.speed]! / 8);

  const density = (rpm * pressure) / kelvin;
  if (state[own + at.running]! > settleSeconds && density > leastDensity && !Number.isNaN(air)) {
    const seconds = state[own + at.displacementSeconds]!;
    const known = state[own + at.displacement]!;
    state[own + at.displacement] =
      seconds === 0 ? air / density : known + (air / density - known) * (dt / (seconds + dt));
    state[own + at.displacementSeconds] = Math.min(longestMemorySeconds, seconds + dt);
  }
  const displacement = state[own + at.displacement]!;
  rows[row + f.displacement] = displacement;
  const fullness =
    state[own + at.running]! > settleSeconds
      ? Math.log(Math.max(leastFlow, air) / (displacement * density))
      : Number.NaN;
  rows[row + f['log.fullness']] = fullness;
  rows[row + f['log.emptiness']] = -fullness;
  // Where nobody ever says how warm it is outside, it is the temperature itself.
  const outside = rows[row + f.ambientTemperature]!;
  if (!Number.isNaN(outside)) state[own + at.ambient] = outside;
  rows[row + f.intakeRise] = rows[row + f.intakeAirTemperature]! - (state[own + at.ambient]! || 0);
  rows[row + f.boost] = Math.max(0, pressure - (rows[row + f.ambientPressure]! || usualKpa));
  const amperes = rows[row + f.batteryCurrent]!;
  rows[row + f['held.batteryVoltage']] = amperes > mostCharging ? Number.NaN : rows[row + f.batteryVoltage]!;
}

/** How many times the air that its fuel needs: infinite where fuel is cut. */
function excessAir(lambda: number, hasFuelTrim: number): number {
  if (lambda >= leanestLambda) return hasFuelTrim === 1 ? Infinity : leanDieselLambda;
  return lambda > 0.7 ? lambda : 1;
}

function average(
  state: Float64Array,
  own: number,
  rows: Float32Array,
  row: number,
  dt: number,
  elapsed: number,
): void {
  const isLong = elapsed >= longestMean;
  if (isLong && dt !== gainsDt) {
    gainsDt = dt;
    for (let index = 0; index < gains.length; index++) gains[index] = gainOf(index, dt, longestMean);
  }
  for (let index = 0; index < meanFrom.length; index++) {
    const value = rows[row + meanFrom[index]!]!;
    let mean = state[own + at.means + index]!;
    if (Number.isNaN(mean)) mean = value;
    else if (!Number.isNaN(value))
      mean += (value - mean) * (isLong ? gains[index]! : gainOf(index, dt, elapsed));
    state[own + at.means + index] = mean;
    rows[row + meanTo[index]!] = mean;
  }
}

function gainOf(index: number, dt: number, elapsed: number): number {
  return dt / (Math.min(elapsed, meanSeconds[index]!) + tiny + dt);
}

/** Heat: of the exhaust, of the coolant, and what the coolant should have by what went in. */
function warm(state: Float64Array, own: number, rows: Float32Array, row: number, dt: number): void {
  const fuel = rows[row + f.fuelFlow]!;
  const rpm = rows[row + f.engineSpeed]!;
  const coolant = rows[row + f.coolantTemperature]!;
  const turns = !(rpm < turningRpm);
  // Air without fire cools slowly, no air at all far slower.
  const burns = fuel > 0 && turns;
  const seconds = burns ? fireSeconds : turns ? overrunSeconds : restSeconds;
  const isFire = Number.isNaN(fuel) ? fuel : Number(burns);
  state[own + at.exhaust] = lag(state[own + at.exhaust]!, isFire * Math.sqrt(fuel), dt, seconds);
  state[own + at.burning] = lag(state[own + at.burning]!, isFire, dt, seconds);
  rows[row + f['burning.45s']] = state[own + at.burning]!;
  state[own + at.coolant] = lag(state[own + at.coolant]!, coolant, dt, turns ? oilSeconds : restOilSeconds);
  rows[row + f['exhaust.45s']] = state[own + at.exhaust]!;
  rows[row + f['coolantTemperature.150s']] = state[own + at.coolant]!;

  const displacement = state[own + at.displacement]!;
  let warmth = state[own + at.warmth]!;
  if (fuel > 0 && displacement > 0) {
    const heat = state[own + at.hasFuelTrim] === 1 ? petrolHeat : dieselHeat;
    warmth += dt * ((heat * fuel) / displacement + frictionHeat * rpm);
  }
  // Corrected slowly: a thermometer that drifts or hangs must not talk the balance into it.
  warmth = Math.min(warmC, lag(warmth, coolant, dt, turns ? balanceSeconds : restBalanceSeconds));
  const isCold = warmth < warmC - 2;
  const warming = isCold ? 1 : state[own + at.warming]! * (1 - dt / (coolDownSeconds + dt));
  state[own + at.warmth] = warmth;
  state[own + at.warming] = warming;
  rows[row + f.warmth] = warmth;
  rows[row + f.warming] = warming;
}

/** First-order lag; a value that is absent changes nothing. */
function lag(before: number, value: number, dt: number, seconds: number): number {
  if (Number.isNaN(before)) return value;
  return Number.isNaN(value) ? before : before + (value - before) * (dt / (seconds + dt));
}
