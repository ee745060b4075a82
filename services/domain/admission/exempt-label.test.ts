import { expect, test } from 'vitest';
import { requestOf } from '../../../test/support/admission-reviews.ts';
import { EXEMPT_LABEL, exemptLabelRefusal, isLabelledExempt } from './exempt-label.ts';

const namespaceOf = (name: string, labels: Record<string, string>) => {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
};
const EXEMPT = { [EXEMPT_LABEL]: 'true' };
const refusalOf = (name: string, labels: Record<string, string>, changes: Record<string, unknown> = {}) =>
  exemptLabelRefusal(requestOf(namespaceOf(name, labels), changes), ['lab']);

test('the label is for namespaces that the settings name', () => {
  expect(refusalOf('lab', EXEMPT)).toBeNull();
  expect(refusalOf('shop', EXEMPT)).toContain('admission.labelledNamespaces');
  expect(refusalOf('lab2', EXEMPT)).not.toBeNull();
  expect(refusalOf('shop', { [EXEMPT_LABEL]: 'false' })).toBeNull();
  expect(refusalOf('shop', {})).toBeNull();
});

test('an update is refused where it sets the label, and not for what was there', () => {
  const update = (before: Record<string, string>) => {
    return refusalOf('shop', EXEMPT, { operation: 'UPDATE', oldObject: namespaceOf('shop', before) });
  };
  expect(update({})).not.toBeNull();
  expect(update({ [EXEMPT_LABEL]: 'no' })).not.toBeNull();
  expect(update(EXEMPT)).toBeNull();
});

test('other kinds may have the label, which means nothing there', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', labels: EXEMPT },
    spec: {},
  };
  expect(exemptLabelRefusal(requestOf(object), [])).toBeNull();
});

test('only "true" is', () => {
  expect([{}, { [EXEMPT_LABEL]: 'True' }, { [EXEMPT_LABEL]: '1' }, EXEMPT].map(isLabelledExempt)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});
