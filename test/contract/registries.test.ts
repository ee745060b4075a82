import { HAS_DOCKER_REGISTRY, startDockerRegistry } from '../support/docker-registry.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { registryContract } from './registries.ts';

registryContract('a fake registry', (atEnd) => fakeRegistry(undefined, atEnd));
registryContract("Debian's docker-registry", (atEnd) => startDockerRegistry(atEnd), !HAS_DOCKER_REGISTRY);
