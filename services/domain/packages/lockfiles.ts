import { nugetLock } from './dotnet/lockfiles/nuget-lock.ts';
import type { Analyzer } from './ecosystem.ts';
import { goMod } from './go/lockfiles/go-mod.ts';
import { gradleLockfile } from './java/lockfiles/gradle-lockfile.ts';
import { mavenPom } from './java/lockfiles/maven-pom.ts';
import { bunLock } from './npm/lockfiles/bun-lock.ts';
import { packageLock } from './npm/lockfiles/package-lock.ts';
import { pnpmLock } from './npm/lockfiles/pnpm-lock.ts';
import { yarnLock } from './npm/lockfiles/yarn-lock.ts';
import { composerLock } from './php/lockfiles/composer-lock.ts';
import { pdmLock } from './python/lockfiles/pdm-lock.ts';
import { pipfileLock } from './python/lockfiles/pipfile-lock.ts';
import { poetryLock } from './python/lockfiles/poetry-lock.ts';
import { requirements } from './python/lockfiles/requirements.ts';
import { uvLock } from './python/lockfiles/uv-lock.ts';
import { gemfileLock } from './ruby/lockfiles/gemfile-lock.ts';
import { cargoLock } from './rust/lockfiles/cargo-lock.ts';

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
