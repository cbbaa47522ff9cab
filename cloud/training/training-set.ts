import { maxReadingsPerBatch, type TelemetryBatch } from '#contract/telemetry.ts';
import { featureCount, FeatureExtractor } from '#model/features.ts';
import { KeptSeries, type Series } from './kept-series.ts';
import { RowSample } from './row-sample.ts';
import { Survey, TooLittleHistory } from './survey.ts';
import { readingKey, Vehicles } from './vehicles.ts';

/** Rows that networks learn from: more cost time and teach little. */
const rowCapacity = 24_000;
/** Fewer cars than this cannot say what is usual. */
const leastHeldOut = 4;
const leastRows = 1000;

/** Rows of features as extracted: not normalised, NaN where absent. */
export interface Rows {
  count: number;
  /** [count][featureCount] */
  values: Float32Array;
}

/** What is kept of a history that goes by once: rows to learn from, whole series to calibrate and to test on. */
export class TrainingSet {
  readonly survey = new Survey();
  readonly #vehicles: Vehicles;
  readonly #extractor = new FeatureExtractor();
  readonly #sample = new RowSample(featureCount, rowCapacity);
  readonly #series = new KeptSeries();
  readonly #rows = new Float32Array(maxReadingsPerBatch * featureCount);

  constructor(seed: number) {
    this.#vehicles = new Vehicles(seed);
  }

  /** Batches of one car in their order; their columns may be used again afterwards. */
  take(batch: TelemetryBatch): void {
    const vehicle = this.#vehicles.of(batch.vin);
    this.survey.see(vehicle, batch);
    if (!vehicle.isTrained) {
      this.#series.offer(vehicle, batch);
      return;
    }
    const readings = this.#extractor.extract(vehicle.slot, batch, this.#rows, 0);
    for (let reading = 0; reading < readings; reading++) {
      const key = readingKey(vehicle, batch.simTime + reading * batch.intervalMs);
      this.#sample.offer(key, this.#rows, reading * featureCount);
    }
  }

  /** @throws TooLittleHistory when too few cars or readings fell to one side */
  split(): { rows: Rows; calibration: Series[]; test: Series[] } {
    const { calibration, test } = this.#series.halves();
    const heldOut = calibration.length + test.length;
    if (heldOut < leastHeldOut || this.#sample.count < leastRows) {
      throw new TooLittleHistory(
        `of ${this.survey.vehicles} vehicles ${heldOut} are held out for calibration and the others give ` +
          `${this.#sample.count} readings; ${leastHeldOut} and ${leastRows} are needed`,
      );
    }
    return { rows: { count: this.#sample.count, values: this.#sample.inOrder() }, calibration, test };
  }
}
