import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

/** Where what edges predict with is written down, and where it stands for machines. */
const source = new URL('../model/predict.wat', import.meta.url);
const target = new URL('../model/predict.wasm', import.meta.url);

/** model/predict.wat for machines: `node scripts/assemble-kernel.ts` writes it beside. */
export async function assembleKernel(): Promise<Uint8Array> {
  const assembler = await wabt();
  const module = assembler.parseWat(fileURLToPath(source), readFileSync(source, 'utf8'), { simd: true });
  try {
    module.validate();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

if (import.meta.main) writeFileSync(target, await assembleKernel());
