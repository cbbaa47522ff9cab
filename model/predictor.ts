import { ArtefactError } from './artefact-error.ts';
import type { ArtefactNetwork } from './artefact.ts';
import { tanh } from './network.ts';
import type { SharedInputs } from './shared-inputs.ts';

/**
 * A network of at most one hidden layer, of tanh, and one output, over shared inputs. What Network gives, within rounding, in
 * half the time: no layer is written down between. A row's output does not hang on the rows beside it.
 */
export class Predictor {
  /** By row of the last `predict`. */
  outputs = new Float64Array(0);
  readonly #columns: Int32Array;
  /** Hidden units, filled up to a multiple of four with such as add nothing. */
  readonly #units: number;
  /** [inputs][units] */
  readonly #weights: Float64Array;
  readonly #biases: Float64Array;
  /** Of the output: [units]; of a linear network [inputs]. */
  readonly #last: Float64Array;
  readonly #lastBias: number;

  /** @throws ArtefactError when the network is of another kind */
  constructor({ name, inputs, layers }: ArtefactNetwork, shared: SharedInputs) {
    const last = layers.at(-1);
    const hidden = layers.length === 2 ? layers[0] : undefined;
    if (layers.length > 2 || last?.outputs !== 1 || last.activation !== 'linear') {
      throw new ArtefactError(`network ${name} is not of one hidden layer and one linear output`);
    }
    if (hidden && hidden.activation !== 'tanh') {
      throw new ArtefactError(`network ${name} has a hidden layer of ${hidden.activation}, not of tanh`);
    }
    this.#columns = shared.columnsOf(inputs);
    const own = hidden?.outputs ?? 0;
    const units = Math.ceil(own / 4) * 4;
    this.#units = units;
    this.#weights = new Float64Array(inputs.length * units);
    this.#biases = new Float64Array(units);
    if (hidden) {
      this.#biases.set(hidden.biases);
      for (let input = 0; input < inputs.length; input++)
        this.#weights.set(hidden.weights.subarray(input * own, (input + 1) * own), input * units);
    }
    this.#last = new Float64Array(Math.max(units, inputs.length));
    this.#last.set(last.weights);
    this.#lastBias = last.biases[0]!;
  }

  /** Of the rows that the shared inputs have. */
  predict({ values, width }: SharedInputs, count: number): void {
    if (this.outputs.length < count) this.outputs = new Float64Array(count);
    const { outputs } = this;
    const columns = this.#columns;
    const inputs = columns.length;
    const units = this.#units;
    const weights = this.#weights;
    const biases = this.#biases;
    const last = this.#last;
    for (let row = 0; row < count; row++) {
      const from = row * width;
      let sum = this.#lastBias;
      for (let unit = 0; unit < units; unit += 4) {
        let a = biases[unit]!;
        let b = biases[unit + 1]!;
        let c = biases[unit + 2]!;
        let d = biases[unit + 3]!;
        for (let input = 0, w = unit; input < inputs; input++, w += units) {
          const x = values[from + columns[input]!]!;
          a += x * weights[w]!;
          b += x * weights[w + 1]!;
          c += x * weights[w + 2]!;
          d += x * weights[w + 3]!;
        }
        sum +=
          tanh(a) * last[unit]! +
          tanh(b) * last[unit + 1]! +
          tanh(c) * last[unit + 2]! +
          tanh(d) * last[unit + 3]!;
      }
      if (units === 0)
        for (let input = 0; input < inputs; input++) sum += values[from + columns[input]!]! * last[input]!;
      outputs[row] = sum;
    }
  }
}
