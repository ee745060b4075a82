import { apk } from './apk/index.ts';
import { dotnet } from './dotnet/index.ts';
import { nugetLock } from './dotnet/lockfiles/nuget-lock.ts';
import { dpkg } from './dpkg/index.ts';
import type { Analyzer, Ecosystem } from './ecosystem.ts';
import { go } from './go/index.ts';
import { goMod } from './go/lockfiles/go-mod.ts';
import { java } from './java/index.ts';
import { gradleLockfile } from './java/lockfiles/gradle-lockfile.ts';
import { mavenPom } from './java/lockfiles/maven-pom.ts';
import { npm } from './npm/index.ts';
import { bunLock } from './npm/lockfiles/bun-lock.ts';
import { packageLock } from './npm/lockfiles/package-lock.ts';
import { pnpmLock } from './npm/lockfiles/pnpm-lock.ts';
import { yarnLock } from './npm/lockfiles/yarn-lock.ts';
import { osRelease } from './os-release.ts';
import { php } from './php/index.ts';
import { composerLock } from './php/lockfiles/composer-lock.ts';
import { python } from './python/index.ts';
import { pdmLock } from './python/lockfiles/pdm-lock.ts';
import { pipfileLock } from './python/lockfiles/pipfile-lock.ts';
import { poetryLock } from './python/lockfiles/poetry-lock.ts';
import { requirements } from './python/lockfiles/requirements.ts';
import { uvLock } from './python/lockfiles/uv-lock.ts';
import { rpm } from './rpm/index.ts';
import { ruby } from './ruby/index.ts';
import { gemfileLock } from './ruby/lockfiles/gemfile-lock.ts';
import { rust } from './rust/index.ts';
import { cargoLock } from './rust/lockfiles/cargo-lock.ts';

/** Every ecosystem, sorted by id. A new one is a folder here and a line below. */
export const ECOSYSTEMS: readonly Ecosystem[] = [apk, dotnet, dpkg, go, java, npm, php, python, rpm, ruby, rust];

/** Everything that scans read of what is installed. */
export const ANALYZERS: readonly Analyzer[] = [...ECOSYSTEMS, osRelease];

/** Files of projects that name packages, sorted by id: read of projects, and elsewhere where that is asked for. */
export const LOCKFILES: readonly Analyzer[] = [
  bunLock,
  cargoLock,
  composerLock,
  gemfileLock,
  goMod,
  gradleLockfile,
  mavenPom,
  nugetLock,
  packageLock,
  pdmLock,
  pipfileLock,
  pnpmLock,
  poetryLock,
  requirements,
  uvLock,
  yarnLock,
];
