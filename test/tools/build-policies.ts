// Builds policies/bundle from the Rego beside it (npm run policies): with the opa of go-tools.ts where it is cached, else the one in PATH.
import { join } from 'node:path';
import { buildBundle } from '../../services/adapters/opa/open-policies.ts';
import { REPOSITORY } from '../support/repository.ts';
import { findGoTool } from './go-tools.ts';

const policies = join(REPOSITORY, 'policies');
const compiler = { opa: findGoTool('opa') ?? 'opa', shared: policies };
await buildBundle(policies, join(policies, 'bundle'), compiler, 'plimsoll');
