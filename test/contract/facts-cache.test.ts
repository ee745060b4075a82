import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { FileFactsCache } from '../../services/adapters/cache/file-facts-cache.ts';
import { MemoryFactsCache } from '../support/memory-facts-cache.ts';
import { factsCacheContract } from './facts-cache.ts';

const root = mkdtempSync(join(tmpdir(), 'plimsoll-cache-'));
afterAll(() => rmSync(root, { recursive: true }));
let opened = 0;

factsCacheContract('in files', () => FileFactsCache.open({ directory: join(root, String(opened++)) }));
factsCacheContract('in memory', async () => new MemoryFactsCache());
