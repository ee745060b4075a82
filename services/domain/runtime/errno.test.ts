import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { errnoName } from './errno.ts';

test.runIf(process.platform === 'linux')(
  'every number that the system names has its name, or says that it has none',
  () => {
    const aliases: Record<string, string> = { EWOULDBLOCK: 'EAGAIN', ENOTSUP: 'EOPNOTSUPP', EDEADLOCK: 'EDEADLK' };
    for (const [name, number] of Object.entries(constants.errno)) {
      expect([aliases[name] ?? name, `errno-${number}`]).toContain(errnoName(number));
    }
    expect(errnoName(111)).toBe('ECONNREFUSED');
    expect(errnoName(512)).toBe('errno-512');
  },
);
