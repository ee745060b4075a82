import { MemoryAdvisories } from '../support/memory-advisories.ts';
import { advisoryDatabaseContract } from './advisory-database.ts';

advisoryDatabaseContract('in memory', async (advisories, enrichment, info) => {
  return new MemoryAdvisories(advisories, enrichment, info);
});
