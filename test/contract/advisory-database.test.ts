import { onTestFinished } from 'vitest';
import { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import { buildAdvisories } from '../support/built-advisories.ts';
import { MemoryAdvisories } from '../support/memory-advisories.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { advisoryDatabaseContract } from './advisory-database.ts';

advisoryDatabaseContract('in memory', async (advisories, enrichment, info) => {
  return new MemoryAdvisories(advisories, enrichment, info);
});

advisoryDatabaseContract('LMDB', async (advisories, enrichment, { endOfLife, starter }) => {
  const root = await temporaryDirectory();
  await buildAdvisories(root, { advisories, enrichment, endOfLife, starter });
  const database = await LmdbAdvisories.open(root);
  onTestFinished(() => database?.close());
  return database!;
});
