import { Inventory, isDirectory } from './inventory.ts';

/** What makes bytes no inventory; null where they are one, whole and in order. Reads all of them once. */
export function inventoryFlaw(bytes: Uint8Array): string | null {
  try {
    return treeFlaw(new Inventory(bytes));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}

function treeFlaw(inventory: Inventory): string | null {
  /** The directories above the next entry. */
  const above: string[] = [];
  let previous = '';
  let entries = 0;
  for (const entry of inventory.keyedBelow('')) {
    const { key } = entry;
    if (key <= previous) return 'inventory entries out of order';
    if (key.endsWith('\0') || key.includes('/')) return 'an inventory entry without a name';
    const parent = key.slice(0, Math.max(0, key.lastIndexOf('\0')));
    while (above.length > 0 && above.at(-1) !== parent) above.pop();
    if (parent !== (above.at(-1) ?? '')) return 'an inventory entry below what is no directory';
    if (isDirectory(entry)) above.push(key);
    previous = key;
    entries += 1;
  }
  return entries === inventory.size ? null : 'inventory with a wrong number of entries';
}
