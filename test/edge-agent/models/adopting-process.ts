import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { edgeTopics, releaseTopics } from '#contract/mqtt-topics.ts';
import { chunksOf, decodeSigned, encodeDesired } from '#contract/release.ts';
import { Models } from '#edge-agent/models/models.ts';
import { createLog } from '#runtime/log.ts';
import { stepping } from './steps.ts';

/**
 * An edge's models in a process of their own, which adopts the release in a folder and kills itself at one step on disk.
 * Arguments: data folder, folder with public.pem, manifest and artefact, step.
 */
const [dataDir = '', folder = '', step = ''] = process.argv.slice(2);
const file = (name: string): Buffer => readFileSync(path.join(folder, name));

let steps = 0;
const signed = file('manifest');
const { id } = decodeSigned(signed);
const retained = new Map<string, Buffer>([
  [edgeTopics.desired('edge-1'), encodeDesired({ release: id })],
  [releaseTopics.manifest(id), signed],
  ...chunksOf(file('artefact')).map((chunk, n) => [releaseTopics.chunk(id, n), chunk] as const),
]);
const models = await Models.open({
  dataDir,
  edge: 'edge-1',
  publicKey: createPublicKey(file('public.pem')),
  log: createLog({ component: 'edge', level: 'silent' }),
  link: {
    subscribe: (filter) =>
      setImmediate(() => models.message(filter, retained.get(filter) ?? Buffer.alloc(0))),
    unsubscribe: () => {},
  },
  onAdopt: () => {},
  onChange: () => void models.close().then(() => process.exit(0)),
  files: stepping(() => {
    if (++steps === Number(step)) process.kill(process.pid, 'SIGKILL');
  }),
});
