import { expect, test } from 'vitest';
import { tiersOf } from './tiers.ts';

const NAMES = [
  'process_exec',
  'connect4',
  'connect6',
  'sendmsg4',
  'sendmsg6',
  'create_socket',
  'bind4',
  'bind6',
  'arrive',
  'deny_exec',
  'deny_write',
  'deny_truncate',
];
const programs = (...refused: string[]) =>
  NAMES.map((name) => ({
    name,
    hook: `hook/${name}`,
    refusedAt: refused.includes(name) ? ('load' as const) : null,
    errno: 1,
    reason: refused.includes(name) ? 'Operation not permitted' : '',
  }));
const tiers = (...refused: string[]) =>
  tiersOf({ programs: programs(...refused) }).map(({ control, tier }) => `${control} ${tier}`);

test('what is attached decides; one hook that is refused leaves a way round its control', () => {
  expect(tiers()).toEqual(['exec denied', 'connect denied', 'listen denied', 'file denied']);
  expect(tiers('deny_exec')).toEqual(['exec killed', 'connect denied', 'listen denied', 'file denied']);
  expect(tiers('process_exec', 'sendmsg6')).toEqual(['exec none', 'connect none', 'listen denied', 'file denied']);
  expect(tiers('arrive', 'deny_write')).toEqual(['exec denied', 'connect denied', 'listen none', 'file none']);
  expect(tiers('deny_truncate')[3]).toBe('file none');
  expect(tiersOf({ programs: [] }).map(({ tier }) => tier)).toEqual(['none', 'none', 'none', 'none']);
});

test('and the reason is told', () => {
  const [exec, connect] = tiersOf({ programs: programs('deny_exec', 'connect4') });
  expect(exec!.reason).toBe('no BPF LSM (hook/deny_exec: Operation not permitted)');
  expect(connect!.reason).toBe('hook/connect4: Operation not permitted');
});
