import { describe, expect, it } from 'vitest';
import { alignHistory, parseConfig } from './config.ts';

const parsed = (document: object) => parseConfig(document as never, 'the config');
const digest = `sha256:${'a'.repeat(64)}`;

describe('an image config', () => {
  it('gives what it says', () => {
    const document = {
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      created: '2024-01-01T00:00:00Z',
      config: {
        User: '1000',
        Entrypoint: ['/app'],
        Cmd: ['-x'],
        ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
        Labels: { a: 'b' },
      },
      rootfs: { type: 'layers', diff_ids: [digest] },
      history: [
        { created_by: 'COPY . /', comment: 'x' },
        { created_by: 'CMD', empty_layer: true },
      ],
    };
    expect(parsed(document)).toEqual({
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
      created: '2024-01-01T00:00:00Z',
      user: '1000',
      entrypoint: ['/app'],
      cmd: ['-x'],
      exposedPorts: ['443/tcp', '80/tcp'],
      labels: { a: 'b' },
      diffIds: [digest],
      history: [
        { createdBy: 'COPY . /', emptyLayer: false },
        { createdBy: 'CMD', emptyLayer: true },
      ],
    });
  });

  it('may be empty, or hold nulls and things of the wrong kind', () => {
    const nothing = {
      user: null,
      entrypoint: [],
      cmd: [],
      exposedPorts: [],
      labels: {},
      diffIds: [],
      history: [],
      created: null,
    };
    const unknown = { os: 'unknown', architecture: 'unknown', variant: null };
    expect(parsed({})).toEqual({ ...nothing, platform: unknown });
    expect(parsed({ config: null, rootfs: null, history: null, os: 1, created: 5 })).toEqual({
      ...nothing,
      platform: unknown,
    });
    const odd = { User: 7, Entrypoint: { a: 1 }, Cmd: [1, 'x', null], ExposedPorts: ['80'], Labels: ['a'] };
    expect(parsed({ config: odd })).toMatchObject({
      user: null,
      entrypoint: [],
      cmd: ['x'],
      exposedPorts: [],
      labels: {},
    });
    expect(parsed({ config: { Cmd: 'run me' } }).cmd).toEqual(['run me']);
    expect(parsed({ rootfs: { diff_ids: ['x', 5, digest] } }).diffIds).toEqual([null, null, digest]);
  });

  it.each([
    [{ config: [] }],
    [{ rootfs: 'x' }],
    [{ history: {} }],
    [{ history: [null] }],
    [{ rootfs: { diff_ids: {} } }],
  ])('%j is invalid', (document) => {
    expect(() => parsed(document)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });
});

describe('the instruction of each layer', () => {
  const history = (...entries: (string | null)[]) =>
    entries.map((createdBy) => ({
      createdBy: createdBy?.replace(/^EMPTY /, '') ?? null,
      emptyLayer: createdBy?.startsWith('EMPTY ') ?? false,
    }));

  it.each([
    ['/bin/sh -c #(nop) ADD file:abc in / ', 'ADD file:abc in /'],
    ['/bin/sh -c apt-get update', 'RUN apt-get update'],
    ['|1 A=b /bin/sh -c make', 'RUN make'],
    ['RUN /bin/sh -c make # buildkit', 'RUN /bin/sh -c make'],
    ['COPY a b # buildkit', 'COPY a b'],
    ['bazel build ...', 'bazel build ...'],
  ])('%j reads %j', (createdBy, instruction) => {
    expect(alignHistory(history(createdBy), 1)).toEqual([instruction]);
  });

  it('skips instructions that made none, and leaves unknown what nobody said', () => {
    expect(alignHistory(history('EMPTY ENV', 'COPY a', 'EMPTY CMD', null), 2)).toEqual(['COPY a', null]);
  });

  it.each([
    [['COPY a'], 2],
    [['COPY a', 'COPY b'], 1],
    [[], 1],
    [['EMPTY CMD'], 1],
  ])('%j for %i layers is unknown for all', (entries, layers) => {
    expect(alignHistory(history(...entries), layers)).toBeNull();
  });

  it('is quick with a long one', () => {
    const start = performance.now();
    alignHistory(
      history(`|1 ${'a '.repeat(500_000)}`, `/bin/sh -c ${' '.repeat(500_000)}x`, `${' '.repeat(500_000)}# buildki`),
      3,
    );
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
