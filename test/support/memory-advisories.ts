// The in-memory database of the product, where tests look for what they share.
export { MemoryAdvisories } from '../../services/adapters/advisories/memory-advisories.ts';
