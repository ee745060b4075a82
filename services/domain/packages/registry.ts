import { foundSboms } from '../sbom/found-sboms.ts';
import { vexFiles } from '../vulnerabilities/vex/vex-files.ts';
import { apk } from './apk/index.ts';
import { dotnet } from './dotnet/index.ts';
import { dpkg } from './dpkg/index.ts';
import type { Analyzer, Ecosystem } from './ecosystem.ts';
import { go } from './go/index.ts';
import { java } from './java/index.ts';
import { npm } from './npm/index.ts';
import { osRelease } from './os-release.ts';
import { php } from './php/index.ts';
import { python } from './python/index.ts';
import { rpm } from './rpm/index.ts';
import { ruby } from './ruby/index.ts';
import { rust } from './rust/index.ts';

/** Every ecosystem, sorted by id. A new one is a folder here and a line below. */
export const ECOSYSTEMS: readonly Ecosystem[] = [apk, dotnet, dpkg, go, java, npm, php, python, rpm, ruby, rust];

/** Everything that scans read of what is installed; of SBOMs only that they are there, and of VEX what it says. */
export const ANALYZERS: readonly Analyzer[] = [...ECOSYSTEMS, osRelease, foundSboms, vexFiles];
