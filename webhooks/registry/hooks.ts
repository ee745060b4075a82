import type { RegistryKind } from '../../services/domain/registries/registry-kind.ts';
import { acr } from './acr.ts';
import { distribution } from './distribution.ts';
import { dockerHub } from './docker-hub.ts';
import { ecr } from './ecr.ts';
import { ghcr } from './ghcr.ts';
import { gitlab } from './gitlab.ts';
import { harbor } from './harbor.ts';
import { quay } from './quay.ts';
import type { RegistryHook } from './registry-hook.ts';

export const HOOKS: Readonly<Record<RegistryKind, RegistryHook>> = {
  acr,
  distribution,
  'docker-hub': dockerHub,
  ecr,
  ghcr,
  gitlab,
  harbor,
  quay,
};
