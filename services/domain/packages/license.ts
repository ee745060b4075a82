import { SPDX_EXCEPTIONS, SPDX_LICENSES } from './spdx-licenses.ts';

/**
 * What a licence text is to an SBOM: an identifier of the SPDX licence list, a valid expression of several (SPDX 2.3,
 * annex D), or a mere name. Identifiers count in the spelling of the list only. An expression that names a licence by
 * `LicenseRef-` is a name: what it refers to lies outside.
 */
export function licenseKind(text: string): 'id' | 'expression' | 'name' {
  if (SPDX_LICENSES.has(text)) return 'id';
  return isExpression(text) ? 'expression' : 'name';
}

/** Where a part of an expression stands: a licence is due, an exception is due, or one has just ended. */
type Place = 'license' | 'exception' | 'after-license' | 'after-operand';

function isExpression(text: string): boolean {
  let place: Place = 'license';
  let open = 0;
  for (const [token] of text.matchAll(/[()]|[^\s()]+/g)) {
    if (place === 'license' && token === '(') open += 1;
    else if (place.startsWith('after') && token === ')' && open > 0) {
      open -= 1;
      place = 'after-operand';
    } else {
      const next = follow(place, token);
      if (next === null) return false;
      place = next;
    }
  }
  return open === 0 && place.startsWith('after');
}

function follow(place: Place, token: string): Place | null {
  switch (place) {
    case 'license':
      return SPDX_LICENSES.has(token.replace(/\+$/, '')) ? 'after-license' : null;
    case 'exception':
      return SPDX_EXCEPTIONS.has(token) ? 'after-operand' : null;
    default:
      if (token === 'WITH') return place === 'after-license' ? 'exception' : null;
      return token === 'AND' || token === 'OR' ? 'license' : null;
  }
}
