/** One accepted difference from a golden of Trivy's. A row that no difference uses fails the test. */
export interface LockfileDifference {
  readonly project: string;
  /** Who has it and the other not. */
  readonly only: 'trivy' | 'plimsoll';
  readonly package: string;
  readonly reason: string;
}

export const DEVELOPMENT_BY_MANIFEST =
  'Cargo.toml says that only development needs it: Trivy leaves it out, Plimsoll marks it';

export const LOCKFILE_DIFFERENCES: readonly LockfileDifference[] = [
  {
    project: 'cargo',
    only: 'trivy',
    package: 'app@0.1.0',
    reason: 'the project itself, which is no package of others',
  },
  { project: 'cargo', only: 'plimsoll', package: 'winapi@0.3.9', reason: DEVELOPMENT_BY_MANIFEST },
  { project: 'cargo', only: 'plimsoll', package: 'winapi-i686-pc-windows-gnu@0.4.0', reason: DEVELOPMENT_BY_MANIFEST },
  {
    project: 'cargo',
    only: 'plimsoll',
    package: 'winapi-x86_64-pc-windows-gnu@0.4.0',
    reason: DEVELOPMENT_BY_MANIFEST,
  },
];
