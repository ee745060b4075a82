/** Why an engine gives no answer, in words for the report. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
}
