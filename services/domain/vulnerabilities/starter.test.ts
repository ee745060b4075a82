import { expect, test } from 'vitest';
import { normalName } from './package-name.ts';
import { STARTER_ADVISORIES } from './starter.ts';

test('the starter set is in the normal form', () => {
  expect(new Set(STARTER_ADVISORIES.map(({ id }) => id)).size).toBe(STARTER_ADVISORIES.length);
  for (const { id, published, affected } of STARTER_ADVISORIES) {
    expect(id).toMatch(/^CVE-\d{4}-\d{4,}$/);
    expect(Number.isNaN(Date.parse(published!))).toBe(false);
    for (const { ecosystem, name, ranges } of affected) {
      expect(normalName(ecosystem, name)).toBe(name);
      const [first, second] = ranges[0]!.events;
      expect(first).toHaveProperty('introduced');
      expect(second).toHaveProperty('fixed');
    }
  }
});

test('what everybody has heard of is in it', () => {
  const names = STARTER_ADVISORIES.flatMap(({ affected }) => affected.map(({ name }) => name));
  for (const name of ['openssl', 'busybox', 'lodash', 'org.apache.logging.log4j:log4j-core'])
    expect(names).toContain(name);
});
