import { HAS_DOCKER_REGISTRY, startDockerRegistry } from '../support/docker-registry.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { REFERRERS_REGISTRY, startReferrersRegistry } from '../support/referrers-registry.ts';
import { registryContract } from './registries.ts';

registryContract('a fake registry', (atEnd) => fakeRegistry(undefined, atEnd));
registryContract("Debian's docker-registry", (atEnd) => startDockerRegistry(atEnd), { skip: !HAS_DOCKER_REGISTRY });
registryContract("go-containerregistry's registry, which has the referrers API", startReferrersRegistry, {
  skip: REFERRERS_REGISTRY === null,
  hasReferrers: true,
});
