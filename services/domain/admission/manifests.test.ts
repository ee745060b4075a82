import { describe, expect, test } from 'vitest';
import { LIMITS, type Limits } from '../limits.ts';
import { creationOf, readManifests } from './manifests.ts';

const read = (text: string, limits: Limits = LIMITS) => readManifests(text, 'app.yaml', limits);
const USER = { name: 'me', groups: [] };

describe('manifests', () => {
  test('are documents of YAML, empty ones left out, each called by its place', () => {
    const text =
      '# head\n---\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: n}\n---\n{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generateName": "b-"}}\n';
    expect(read(text).map(({ place, kind, name, namespace }) => [place, kind, name, namespace])).toEqual([
      ['app.yaml, document 2', 'Pod', 'a', 'n'],
      ['app.yaml, document 3', 'Deployment', 'b-', null],
    ]);
  });
  test('may stand in lists, and in lists of lists', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod' };
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [pod, { apiVersion: 'v1', kind: 'PodList', items: [{ metadata: {} }] }],
    };
    expect(read(JSON.stringify(list)).map(({ place, kind }) => [place, kind])).toEqual([
      ['app.yaml, item 1', 'Pod'],
      ['app.yaml, item 2, item 1', 'Pod'],
    ]);
  });
  test.each([
    ['a text', 'hello', 'app.yaml cannot be judged: it is no Kubernetes object'],
    ['no kind', 'apiVersion: v1', 'kind is nothing'],
    ['values of a chart', 'a: 1\n---\nkind: Pod\n', 'document 1 cannot be judged'],
    ['broken YAML', 'a: [1', 'it is no YAML'],
    ['a template', 'kind: {{ .Values.kind }}', 'cannot be judged'],
    ['an item that is none', '{"apiVersion":"v1","kind":"List","items":[7]}', 'item 1 cannot be judged'],
    ['an alias of nothing', 'a: *b', 'cannot be judged'],
  ])('are refused: %s', (_, text, why) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'OBJECT_INVALID', message: expect.stringContaining(why) }),
    );
  });
  test('are bounded', () => {
    const two = 'apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B\n';
    expect(read(two, { ...LIMITS, manifestObjects: 2 })).toHaveLength(2);
    expect(() => read(two, { ...LIMITS, manifestObjects: 1 })).toThrow('manifestObjects (1)');
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
    ];
    expect(() => read(bomb.join('\n'))).toThrow(expect.objectContaining({ code: 'OBJECT_INVALID' }));
  });
});

describe('the request that creates one', () => {
  const [pod, role] = read(
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: b, namespace: x}\n',
  );
  test('is in the namespace that is said, or given', () => {
    expect(creationOf(pod!, 'shop', USER)).toMatchObject({
      operation: 'CREATE',
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
      namespace: 'shop',
    });
    expect(creationOf({ ...pod!, namespace: 'own' }, 'shop', USER).namespace).toBe('own');
  });
  test('of what has none is in none', () => expect(creationOf(role!, 'shop', USER).namespace).toBeNull());
});
