import type { AdmissionRequest } from './admission-request.ts';
import { metadataMap } from './admission-request.ts';

/** Set to `true` on a namespace that the settings name, it exempts the namespace for as long as it is there. */
export const EXEMPT_LABEL = 'admission.plimsoll.io/exempt';

export function isLabelledExempt(labels: Readonly<Record<string, string>>): boolean {
  return labels[EXEMPT_LABEL] === 'true';
}

/**
 * Why the label may not be set on this namespace; null: it is not set, was there before, or may be. Where the settings do not name the namespace it
 * would have no effect, and whoever sets it should hear of that.
 */
export function exemptLabelRefusal(
  { group, kind, name, operation, object, oldObject }: AdmissionRequest,
  labelledNamespaces: readonly string[],
): string | null {
  if (group !== '' || kind !== 'Namespace' || (operation !== 'CREATE' && operation !== 'UPDATE')) return null;
  if (!isLabelledExempt(metadataMap(object, 'labels')) || isLabelledExempt(metadataMap(oldObject, 'labels')))
    return null;
  if (name !== null && labelledNamespaces.includes(name)) return null;
  return `the label ${EXEMPT_LABEL} may be set only on namespaces that Plimsoll's settings name (admission.labelledNamespaces)`;
}
