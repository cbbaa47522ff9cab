import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { inWords, UserError } from '#runtime/errors.ts';
import type { Block } from '#simulator/generate/block.ts';
import { ParquetFooter, parquetMagic } from '#simulator/generate/parquet-footer.ts';
import { telemetryColumns } from '#simulator/generate/parquet-schema.ts';
import type { Format } from '#simulator/generate/plan.ts';
import { csvHeader } from '#simulator/generate/text-encoders.ts';
import { truthFile } from '#simulator/generate/truth-file.ts';
import type { TruthRow } from '#simulator/generate/truth-row.ts';
import { bytes, plural } from '../../verdict/figures.ts';
import { PartFile } from './part-file.ts';
import type { Target } from './target.ts';

export type FileFormat = Exclude<Format, 'kafka'>;

/** DIR/telemetry.* and DIR/truth.*, which have these names only when both are complete. */
export class FileTarget implements Target {
  readonly #format: FileFormat;
  readonly #telemetry: PartFile;
  readonly #truth: PartFile;
  readonly #footer: ParquetFooter | undefined;
  readonly #truths: TruthRow[] = [];

  private constructor(format: FileFormat, telemetry: PartFile, truth: PartFile) {
    this.#format = format;
    this.#telemetry = telemetry;
    this.#truth = truth;
    if (format === 'parquet') this.#footer = new ParquetFooter(telemetryColumns);
  }

  /** @throws UserError when the files are there already, or cannot be made */
  static async open(dir: string, format: FileFormat, force: boolean): Promise<FileTarget> {
    try {
      await mkdir(dir, { recursive: true });
    } catch (error) {
      const isFile = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      const words = isFile ? `${dir} is a file, not a folder` : inWords(error);
      throw new UserError('config', `--out: ${words}`, { cause: error });
    }
    const made: PartFile[] = [];
    try {
      const create = async (name: string): Promise<PartFile> => {
        const part = await PartFile.create(path.join(dir, `${name}.${format}`), force);
        made.push(part);
        return part;
      };
      const telemetry = await create('telemetry');
      const target = new FileTarget(format, telemetry, await create('truth'));
      if (format === 'csv') await telemetry.write(Buffer.from(csvHeader));
      if (format === 'parquet') await telemetry.write(parquetMagic);
      return target;
    } catch (error) {
      for (const part of made) await part.remove();
      throw error;
    }
  }

  async write({ bytes: block, rowGroup }: Block): Promise<void> {
    if (rowGroup) this.#footer?.add(rowGroup, this.#telemetry.bytes);
    await this.#telemetry.write(block);
  }

  async truths(rows: readonly TruthRow[]): Promise<void> {
    this.#truths.push(...rows);
  }

  async finish(): Promise<string[]> {
    if (this.#footer) await this.#telemetry.write(this.#footer.bytes());
    await this.#truth.write(truthFile(this.#format, this.#truths));
    // Whoever waits for the telemetry finds the truth beside it.
    await this.#truth.complete();
    await this.#telemetry.complete();
    const shown = ({ file }: PartFile): string => {
      const near = path.relative(process.cwd(), file);
      return near.startsWith('..') ? file : near;
    };
    return [
      `${shown(this.#telemetry)}  ${bytes(this.#telemetry.bytes)}`,
      `${shown(this.#truth)}  ${plural(this.#truths.length, 'row')}`,
    ];
  }

  async discard(): Promise<string> {
    await this.#telemetry.remove();
    await this.#truth.remove();
    return 'the unfinished files were removed';
  }
}
