/** Bytes that are no artefact, or an artefact that nobody could score with. */
export class ArtefactError extends Error {
  override name = 'ArtefactError';
}
