import { describe, expect, test } from 'vitest';
import { PlimsollError } from '../errors.ts';
import { METHODS, readRegistrations, repositoryFilter } from './registration.ts';
import { REGISTRY_KINDS } from './registry-kind.ts';

const SECRETS = [{ environment: 'HOOK' }];
const harbor = {
  id: 'main',
  kind: 'harbor',
  host: 'harbor.example.org',
  webhook: { method: 'bearer', secrets: SECRETS },
};
const hub = { id: 'hub', kind: 'docker-hub', webhook: { method: 'path', secrets: SECRETS } };

const DEFAULTS = { scheme: 'https', repositories: ['**'], pull: { allow: [], mirrors: [] } };

const read = (...registries: unknown[]) => readRegistrations({ registries }, 'r.yaml');
function refused(...registries: unknown[]): string {
  try {
    read(...registries);
  } catch (error) {
    if (error instanceof PlimsollError && error.code === 'SETTINGS_INVALID') return error.message;
    throw error;
  }
  return 'it was read';
}

describe('the registries file', () => {
  test('by id, with what is left out', () => {
    expect([...read(harbor, hub)]).toEqual([
      ['main', { ...harbor, ...DEFAULTS }],
      ['hub', { ...hub, host: 'docker.io', ...DEFAULTS }],
    ]);
  });
  test('two of one id are refused by its name', () => {
    expect(refused(harbor, hub, { ...harbor })).toContain('two have the id main');
  });
  test('two of one host are asked in one way', () => {
    const second = { ...harbor, id: 'second', repositories: ['x'] };
    expect(read(harbor, second).size).toBe(2);
    expect(refused(harbor, { ...second, scheme: 'http' })).toContain('main and second are of one host');
    expect(refused(harbor, { ...second, pull: { ca: 'ca.pem' } })).toContain('main and second are of one host');
  });
  test.each(REGISTRY_KINDS)('%s sends what it can send, and nothing else', (kind) => {
    const parts = { secrets: SECRETS, username: 'u', header: 'X-A', topic: 'arn:aws:sns:eu-west-1:123456789012:t' };
    const webhooks = [
      { method: 'bearer', secrets: SECRETS },
      { method: 'basic', secrets: SECRETS, username: parts.username },
      { method: 'header', secrets: SECRETS, header: parts.header },
      { method: 'hmac', secrets: SECRETS },
      { method: 'path', secrets: SECRETS },
      { method: 'sns', topic: parts.topic },
    ];
    for (const webhook of webhooks) {
      const answer = refused({ id: 'a', kind, host: 'r.example.org', webhook });
      if ((METHODS[kind] as readonly string[]).includes(webhook.method)) expect(answer).toBe('it was read');
      else expect(answer).toContain(`${kind} cannot send ${webhook.method}`);
    }
  });
  test.each([
    [{ ...harbor, id: '../x' }, 'registries.0.id'],
    [{ ...harbor, id: 'Main' }, 'registries.0.id'],
    [{ ...harbor, id: 'a'.repeat(64) }, 'registries.0.id'],
    [{ ...harbor, host: undefined }, 'needs one'],
    [{ ...harbor, host: 'https://harbor.example.org' }, 'registries.0.host'],
    [{ ...harbor, host: 'user@harbor.example.org' }, 'registries.0.host'],
    [{ ...harbor, host: 'harbor.example.org/x' }, 'registries.0.host'],
    [{ ...harbor, host: 'harbor' }, 'registries.0.host'],
    [{ ...harbor, scheme: 'ftp' }, 'registries.0.scheme'],
    [{ ...harbor, repositories: [] }, 'registries.0.repositories'],
    [{ ...harbor, url: 'https://x' }, 'url'],
    [{ ...harbor, webhook: { method: 'bearer', secrets: [] } }, 'secrets'],
    [{ ...harbor, webhook: { method: 'bearer', secrets: ['in the clear'] } }, 'secrets'],
    [{ ...harbor, webhook: { method: 'bearer' } }, 'secrets'],
    [{ ...harbor, webhook: { method: 'none' } }, 'webhook'],
    [{ ...harbor, webhook: undefined }, 'webhook'],
    [
      {
        id: 'e',
        kind: 'ecr',
        host: 'h',
        webhook: { method: 'sns', topic: 'arn:aws:sns:evil.example.org/:123456789012:t' },
      },
      'no ARN',
    ],
    [{ ...harbor, pull: { credentials: { username: 'u', password: 'in the clear' } } }, 'registries.0.pull'],
    [{ ...harbor, pull: { url: 'x' } }, 'registries.0.pull'],
    ['main', 'registries.0'],
  ])('%j does not fit', (registration, place) => {
    expect(refused(registration)).toContain(place);
  });
  test.each([null, [], 'x', { registries: {} }, { registries: [], more: 1 }])(
    '%j is no registries file',
    (document) => {
      expect(() => readRegistrations(document, 'r.yaml')).toThrow('The registries in r.yaml do not fit');
    },
  );
});

describe('which repositories', () => {
  const covers = (repositories: string[], repository: string) =>
    repositoryFilter(read({ ...harbor, repositories }).get('main')!)(repository);

  test.each<[string[], string, boolean]>([
    [['**'], 'team/app', true],
    [['team/*'], 'team/app', true],
    [['team/*'], 'team/app/x', false],
    [['team/*'], 'team2/app', false],
    [['team/**'], 'team/app/x', true],
    [['team/**', '!team/tmp*'], 'team/tmp-1', false],
    [['team/**', '!team/tmp*'], 'team/app', true],
    [['team/**', '!team/tmp*', 'team/tmp-keep'], 'team/tmp-keep', true],
    [['!team/**'], 'other/app', true],
    [['!team/**'], 'team/app', false],
  ])('%j of %s: %s', (globs, repository, expected) => {
    expect(covers(globs, repository)).toBe(expected);
  });
});
