/** Why a release is not run; metrics and EdgeState count by these words. In the order in which an edge finds out. */
export const releaseRefusals = [
  'bad-manifest',
  'wrong-key',
  'bad-signature',
  'expired',
  'old-counter',
  'wrong-feature-schema',
  'wrong-length',
  'bad-hash',
  'bad-artefact',
  'self-test-failed',
] as const;

export type ReleaseRefusal = (typeof releaseRefusals)[number];

export class ReleaseError extends Error {
  override name = 'ReleaseError';
  readonly code: ReleaseRefusal;
  constructor(code: ReleaseRefusal, message: string) {
    super(message);
    this.code = code;
  }
}
