import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkManifest, chunkBytes, maxArtefactBytes, ReleaseError } from '#contract/release.ts';
import { sampleManifest } from './releases.ts';

const good = sampleManifest(Buffer.from('artefact'));

/** What a field may not be, and how the refusal names it. */
const refused: readonly [path: string, value: unknown, words: RegExp][] = [
  ['id', 'r7-000000000000', /^id: expected r7-[0-9a-f]{12}, got "r7-000000000000"$/],
  ['run', 'a/b', /^run: expected a name, got "a\/b"/],
  ['counter', 0, /^counter: expected a whole number from 1 to 9007199254740991, got 0/],
  ['counter', 7.5, /^counter:/],
  ['counter', '7', /^counter:.*got "7"/],
  ['detector', 'oracle', /^detector: expected autoencoder or virtual-sensors, got "oracle"/],
  ['sha256', 'A'.repeat(64), /^sha256: expected 64 hex digits/],
  ['length', maxArtefactBytes + 1, /^length: expected a whole number from 1 to 268435456/],
  ['length', 0, /^length:/],
  ['length', -1, /^length:/],
  ['chunks', 2, /^chunks: expected 1, got 2/],
  ['chunks', 0, /^chunks:/],
  ['featureSchema', '', /^featureSchema:/],
  ['normalisation', [], /^normalisation: expected an object, got "a list"/],
  ['normalisation.mean', [0], /^normalisation.scale: expected 1 entries, got 2/],
  ['normalisation.mean.1', null, /^normalisation.mean\[1\]: expected a number, got null/],
  ['normalisation.scale.0', 0, /^normalisation.scale\[0\]: expected a number above 0/],
  ['normalisation.scale.0', Number.POSITIVE_INFINITY, /^normalisation.scale\[0\]: .* got "Infinity"/],
  ['normalisation.more', 1, /^normalisation: expected no field but mean, scale, got "more"/],
  ['thresholds', null, /^thresholds: expected an object/],
  ['thresholds.a b', 1, /^thresholds: expected names of letters and digits, got "a b"/],
  ['thresholds.raise', '1', /^thresholds.raise: expected a number/],
  ['golden', [], /^golden: expected 1 to 32 entries, got 0/],
  ['golden', Array.from({ length: 33 }, () => good.golden[0]), /^golden: .* got 33/],
  ['golden.0.scores', [0], /^golden\[0\].scores: expected 2 entries, got 1/],
  ['golden.0.scores.1', null, /^golden\[0\].scores\[1\]: expected a number/],
  ['golden.0.batches', [], /^golden\[0\].batches: expected 1 to 4096 entries/],
  ['golden.0.batches.0.columns', [[0, 0]], /^golden\[0\].batches\[0\].columns: expected 20 entries, got 1/],
  ['golden.0.batches.0.columns.0', [], /columns\.\w+: expected 1 to 1000 entries, got 0/],
  ['golden.0.batches.0.columns.0', Array.from({ length: 1001 }, () => 0), /got 1001/],
  ['golden.0.batches.0.columns.5', [1], /columns\.\w+: expected 2 entries, got 1/],
  ['golden.0.batches.0.columns.5.1', '1', /columns\.\w+\[1\]: expected a number, got "1"/],
  ['golden.0.batches.0.intervalMs', 0, /^golden\[0\].batches\[0\].intervalMs:/],
  ['golden.0.batches.0.simTime', -1, /^golden\[0\].batches\[0\].simTime:/],
  ['training.since', 8_640_000_000_000_001, /^training.since:/],
  ['training.offsets.0.from', 0, /^training.offsets\[0\].from: expected an offset as text, got 0/],
  ['training.offsets.0.to', '01', /^training.offsets\[0\].to:/],
  [
    'training.offsets.0.from',
    '1201',
    /^training.offsets\[0\].to: expected an offset from 1201 on, got "1200"/,
  ],
  ['training.offsets.0.partition', -1, /^training.offsets\[0\].partition:/],
  ['training.readings', Number.NaN, /^training.readings:/],
  ['training.vehicles', 2 ** 53, /^training.vehicles:/],
  ['training.seed', 1.5, /^training.seed:/],
  ['created', '2023-01-01', /^created:/],
  ['expires', -1, /^expires:/],
  ['keyId', 'ABCDEF', /^keyId: expected 16 hex digits/],
  ['more', true, /^manifest: expected no field but id, run, .*, got "more"/],
  ['__proto__', {}, /^manifest: expected no field but/],
];

test('a manifest whose fields are what they may be is taken, and copied', () => {
  const taken = checkManifest(good);
  assert.deepEqual(taken, good);
  assert.notEqual(taken.golden[0]?.scores, good.golden[0]?.scores);
  const fromJson = checkManifest(JSON.parse(JSON.stringify(good)));
  assert.deepEqual(fromJson, good, 'null in JSON is NaN');
  assert.equal(checkManifest(sampleManifest(Buffer.alloc(chunkBytes + 1))).chunks, 2);
});

test('every other value is refused with the name of its field', () => {
  for (const [path, value, words] of refused) refuses(changed(path, value), words, path);
});

test('every field is needed', () => {
  const paths = [
    ...Object.keys(good),
    'normalisation.mean',
    'normalisation.scale',
    'golden.0.batches',
    'golden.0.scores',
    'golden.0.batches.0.simTime',
    'golden.0.batches.0.columns',
    'training.since',
    'training.offsets',
    'training.offsets.0.to',
  ];
  for (const path of paths) refuses(changed(path, undefined), /expected a value, got undefined/, path);
});

test('what is no object is no manifest', () => {
  for (const value of [null, undefined, 7, 'text', [], true])
    refuses(value, /^manifest: expected an object/, String(value));
});

test('lists and numbers that would take long are refused by their length alone', () => {
  const endless = new Proxy([] as unknown[], {
    get: (list, name, receiver) =>
      name === 'length'
        ? 2 ** 32 - 1
        : /^\d+$/.test(String(name))
          ? assert.fail('was read')
          : Reflect.get(list, name, receiver),
  });
  refuses(changed('golden', endless), /^golden: expected 1 to 32 entries, got 4294967295/, 'golden');
  refuses(changed('training.offsets', endless), /^training.offsets: /, 'offsets');
});

/** The good manifest with another value at the path; undefined takes the field away. */
function changed(path: string, value: unknown): unknown {
  const copy: unknown = structuredClone(good);
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = copy as Record<string, unknown>;
  for (const name of names) at = at[name] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function refuses(value: unknown, words: RegExp, name: string): void {
  assert.throws(
    () => checkManifest(value),
    (error: unknown) => {
      assert.ok(error instanceof ReleaseError, `${name}: ${String(error)}`);
      assert.equal(error.code, 'bad-manifest');
      assert.match(error.message, words, name);
      return true;
    },
  );
}
