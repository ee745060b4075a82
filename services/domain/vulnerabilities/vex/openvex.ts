import type { JsonObject } from '../../image/json.ts';
import { listOrEmpty, momentOrNull, objectOrNull, sentenceOrNull, textOrNull } from '../feeds/foreign-json.ts';
import { type PurlPattern, parsePurlPattern } from '../purl-pattern.ts';
import type { VexDocument, VexProduct, VexStatement, VexStatus } from './document.ts';

const STATUSES: readonly VexStatus[] = ['not_affected', 'fixed', 'affected', 'under_investigation'];

/** OpenVEX 0.2.0 (https://github.com/openvex/spec), and 0.0.1, whose vulnerabilities and products are texts. */
export function readOpenVex(document: JsonObject): VexDocument {
  const flaws: string[] = [];
  const moment = momentOrNull(document.last_updated) ?? momentOrNull(document.timestamp);
  const statements = listOrEmpty(document.statements).flatMap((item, i) => {
    const read = statementOf(objectOrNull(item), moment);
    if (typeof read !== 'string') return [read];
    flaws.push(`statement ${i + 1}: ${read}`);
    return [];
  });
  return {
    format: 'OpenVEX',
    id: textOrNull(document['@id']),
    author: textOrNull(document.author),
    statements,
    flaws,
  };
}

function statementOf(statement: JsonObject | null, moment: string | null): VexStatement | string {
  if (statement === null) return 'it is no object';
  const stated = objectOrNull(statement.vulnerability);
  const id = textOrNull(statement.vulnerability) ?? textOrNull(stated?.name) ?? textOrNull(stated?.['@id']);
  if (id === null) return 'it names no vulnerability';
  const status = STATUSES.find((each) => each === statement.status);
  if (status === undefined) return 'its status is none of OpenVEX';
  const justification = textOrNull(statement.justification);
  const reason = sentenceOrNull(statement.impact_statement) ?? sentenceOrNull(statement.status_notes);
  if (status === 'not_affected' && justification === null && textOrNull(statement.impact_statement, 65_536) === null) {
    return 'it says not_affected without justification or impact_statement';
  }
  const products = listOrEmpty(statement.products).map(productOf);
  if (products.length === 0) return 'it names no product';
  return {
    vulnerabilities: [id, ...listOrEmpty(stated?.aliases).flatMap((alias) => textOrNull(alias) ?? [])],
    products,
    status,
    justification,
    reason,
    timestamp: momentOrNull(statement.last_updated) ?? momentOrNull(statement.timestamp) ?? moment,
  };
}

function productOf(value: unknown): VexProduct {
  const product = objectOrNull(value);
  // A list that names nothing, or what is no list, means no part of the product: never all of it.
  const subcomponents = product?.subcomponents ?? null;
  return {
    purls: purlsOf(value),
    digests: digestsOf(objectOrNull(product?.hashes)),
    components: subcomponents === null ? null : listOrEmpty(subcomponents).flatMap(purlsOf),
    versions: null,
  };
}

function purlsOf(value: unknown): PurlPattern[] {
  const fields = objectOrNull(value);
  const names = [value, fields?.['@id'], objectOrNull(fields?.identifiers)?.purl];
  return names.flatMap((name) => parsePurlPattern(textOrNull(name, 4_096) ?? '') ?? []);
}

function digestsOf(hashes: JsonObject | null): string[] {
  const hex = textOrNull(hashes?.['sha-256']) ?? textOrNull(hashes?.sha256);
  return hex === null ? [] : [`sha256:${hex.toLowerCase()}`];
}
