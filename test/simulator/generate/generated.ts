import { createHash } from 'node:crypto';
import { Generation } from '#simulator/generate/generation.ts';
import type { Block } from '#simulator/generate/block.ts';
import type { GeneratePlan } from '#simulator/generate/plan.ts';
import type { TruthRow } from '#simulator/generate/truth-row.ts';

export interface AllGenerated {
  blocks: Block[];
  truths: TruthRow[];
  bytes: Buffer;
  hash: string;
}

/** Everything that some workers generate, in memory. */
export async function generated(plan: GeneratePlan, workers = 1): Promise<AllGenerated> {
  const generation = new Generation(plan, workers);
  const blocks: Block[] = [];
  const truths: TruthRow[] = [];
  try {
    for await (const piece of generation.inOrder()) {
      if (piece.type === 'block') blocks.push(piece.block);
      else truths.push(...piece.truths);
    }
  } finally {
    await generation.close();
  }
  const bytes = Buffer.concat(blocks.map((block) => block.bytes));
  return { blocks, truths, bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}
