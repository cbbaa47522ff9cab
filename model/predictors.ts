import { readFileSync } from 'node:fs';
import { ArtefactError } from './artefact-error.ts';
import type { Artefact, ArtefactNetwork } from './artefact.ts';
import { featureCount } from './feature-names.ts';
import { tanhNumbers } from './network.ts';
import { inputLimit } from './rows.ts';

/** Inputs further from their mean than this, standard deviations, were rarely learnt from. */
export const usualInput = 2.5;

const pageBytes = 64 * 1024;
/** What micro-batches have, most often. Not a power of two: columns of such a distance would share a few lines of the cache. */
const usualRows = 144;
/** predict.wat takes so many at a time. */
const rowsAtOnce = 4;

/** Of predict.wat. Places are in bytes. */
type Predict = (
  inputs: number,
  count: number,
  weights: number,
  units: number,
  tanh: number,
  table: number,
  stride: number,
  output: number,
  bytes: number,
) => void;

/** Where a network's numbers stand in the memory, and how many there are. */
interface Placed {
  columns: Int32Array;
  inputs: number;
  weights: number;
  units: number;
}

const kernel = new WebAssembly.Module(readFileSync(new URL('predict.wasm', import.meta.url)));

/**
 * Networks of at most one hidden layer, of tanh, and one linear output, over inputs that they share: each feature is normalised
 * once, to the bit as normaliseRows() does it. They give what Network gives, within rounding, four rows at a time. A row's output
 * does not hang on the rows beside it.
 */
export class Predictors {
  /** Columns of `stride` numbers each: the shared inputs, then each network's output, of the rows of the last calls. */
  table = new Float32Array(0);
  stride = 0;
  /** By row: 1 where an input lies beyond what is usual. */
  unusual = new Uint8Array(0);
  /** How many inputs the networks share. */
  readonly width: number;
  readonly #features: number[];
  readonly #normalisation: Artefact['normalisation'];
  readonly #networks: readonly Placed[];
  readonly #memory: WebAssembly.Memory;
  readonly #predict: Predict;
  readonly #tanh: number;
  readonly #tableStart: number;

  /** @throws ArtefactError when a network is of another kind */
  constructor(networks: readonly ArtefactNetwork[], normalisation: Artefact['normalisation']) {
    this.#features = [...new Set(networks.flatMap(({ inputs }) => inputs))].toSorted((a, b) => a - b);
    this.#normalisation = normalisation;
    this.width = this.#features.length;
    const numbers = new Place();
    this.#tanh = numbers.put(Float32Array.from(tanhNumbers));
    this.#networks = networks.map((network) => {
      const columns = Int32Array.from(network.inputs, (feature) => this.#features.indexOf(feature));
      const { units, weights } = flattened(network);
      return { columns, inputs: numbers.put(columns), weights: numbers.put(weights), units };
    });
    this.#tableStart = Math.ceil(numbers.bytes / 16) * 16;
    this.#memory = new WebAssembly.Memory({ initial: 1 + Math.floor(this.#tableStart / pageBytes) });
    new Uint8Array(this.#memory.buffer).set(numbers.all());
    const { exports } = new WebAssembly.Instance(kernel, { model: { memory: this.#memory } });
    this.#predict = exports['predict'] as Predict;
  }

  /** Where a network's predictions begin in `table`. */
  outputOf(network: number): number {
    return (this.width + network) * this.stride;
  }

  /** @param rows [count][featureCount] */
  fill(rows: Float32Array, count: number): void {
    if (count > this.stride) this.#reserve(count);
    const { mean, scale } = this.#normalisation;
    const { table, stride, unusual } = this;
    const end = count * featureCount;
    unusual.fill(0, 0, count);
    for (let column = 0; column < this.width; column++) {
      const feature = this.#features[column]!;
      const middle = mean[feature]!;
      const factor = 1 / scale[feature]!;
      const start = column * stride;
      for (let from = feature, row = 0; from < end; from += featureCount, row++) {
        let value = (rows[from]! - middle) * factor;
        // NaN is not within.
        if (!(value <= usualInput && value >= -usualInput)) {
          if (Number.isNaN(value)) value = 0;
          else {
            unusual[row] = 1;
            value = value > inputLimit ? inputLimit : value < -inputLimit ? -inputLimit : value;
          }
        }
        table[start + row] = value;
      }
    }
  }

  /** All networks' outputs, of the rows that `fill` was given. */
  predict(count: number): void {
    const table = this.#tableStart;
    const stride = this.stride * 4;
    const bytes = Math.ceil(count / rowsAtOnce) * rowsAtOnce * 4;
    for (let network = 0; network < this.#networks.length; network++) {
      const { columns, inputs, weights, units } = this.#networks[network]!;
      const output = table + this.outputOf(network) * 4;
      this.#predict(inputs, columns.length, weights, units, this.#tanh, table, stride, output, bytes);
    }
  }

  /** How far a network's most unusual input lies beyond what is usual, standard deviations. */
  noveltyOf(network: number, row: number): number {
    const { columns } = this.#networks[network]!;
    let most = usualInput;
    for (let input = 0; input < columns.length; input++) {
      const value = Math.abs(this.table[columns[input]! * this.stride + row]!);
      if (value > most) most = value;
    }
    return most - usualInput;
  }

  #reserve(count: number): void {
    const stride = Math.ceil(Math.max(count, usualRows) / rowsAtOnce) * rowsAtOnce;
    const length = (this.width + this.#networks.length) * stride;
    const missing = this.#tableStart + length * 4 - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes));
    this.stride = stride;
    this.table = new Float32Array(this.#memory.buffer, this.#tableStart, length);
    this.unusual = new Uint8Array(stride);
  }
}

/** Numbers one after the other, as the kernel's memory has them. */
class Place {
  bytes = 0;
  readonly #parts: Uint8Array[] = [];

  /** @returns where they stand */
  put(numbers: Float32Array | Int32Array): number {
    const at = this.bytes;
    this.#parts.push(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    this.bytes += numbers.byteLength;
    return at;
  }

  all(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/** As predict.wat reads it. */
function flattened({ name, inputs, layers }: ArtefactNetwork): { units: number; weights: Float32Array } {
  const last = layers.at(-1);
  const hidden = layers.length === 2 ? layers[0] : undefined;
  if (layers.length > 2 || last?.outputs !== 1 || last.activation !== 'linear') {
    throw new ArtefactError(`network ${name} is not of one hidden layer and one linear output`);
  }
  if (hidden && hidden.activation !== 'tanh') {
    throw new ArtefactError(`network ${name} has a hidden layer of ${hidden.activation}, not of tanh`);
  }
  const bias = last.biases[0]!;
  if (!hidden) return { units: 0, weights: Float32Array.of(bias, ...last.weights) };
  const units = hidden.outputs;
  const weights = Array.from({ length: units }, (_, unit) => [
    hidden.biases[unit]!,
    ...inputs.map((_feature, input) => hidden.weights[input * units + unit]!),
    last.weights[unit]!,
  ]);
  return { units, weights: Float32Array.of(...weights.flat(), bias) };
}
