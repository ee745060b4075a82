import { type Document, parseAllDocuments } from 'yaml';
import { messageOf, PlimsollError } from '../errors.ts';
import { type JsonObject, shown } from '../image/json.ts';
import type { Limits } from '../limits.ts';
import { objectOrNull, textOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { AdmissionRequest, Requester } from './admission-request.ts';

/** Kubernetes objects as people write them: YAML of several documents, JSON, and lists of objects (`kind: List`, `PodList`). */

export interface Manifest {
  /** File, and which document or item of it: `app.yaml, document 2`. */
  readonly place: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string | null;
  readonly namespace: string | null;
  readonly object: JsonObject;
}

/** Kinds that have no namespace, of those that rules look at. */
const CLUSTER_KINDS: readonly string[] = ['ClusterRole', 'ClusterRoleBinding', 'Namespace'];

/** Objects of one text. `file` is what messages call it. Raises OBJECT_INVALID, LIMIT_EXCEEDED. */
export function readManifests(text: string, file: string, limits: Limits): Manifest[] {
  const documents = parseAllDocuments(text, { logLevel: 'silent' });
  const found: Manifest[] = [];
  const add = (value: unknown, place: string): void => {
    const object = objectOrNull(value);
    const [apiVersion, kind] = [textOrNull(object?.apiVersion), textOrNull(object?.kind)];
    if (object === null || apiVersion === null || kind === null) {
      throw invalid(
        place,
        `it is no Kubernetes object: apiVersion is ${shown(object?.apiVersion)}, kind is ${shown(object?.kind)}`,
      );
    }
    if (kind.endsWith('List') && Array.isArray(object.items)) {
      for (const [index, item] of object.items.entries())
        add(typed(item, kind, apiVersion), `${place}, item ${index + 1}`);
      return;
    }
    if (found.length >= limits.manifestObjects) {
      throw new PlimsollError(
        'LIMIT_EXCEEDED',
        `${file} has more than manifestObjects (${limits.manifestObjects}) objects.`,
      );
    }
    const metadata = objectOrNull(object.metadata);
    found.push({
      place,
      apiVersion,
      kind,
      name: textOrNull(metadata?.name) ?? textOrNull(metadata?.generateName),
      namespace: CLUSTER_KINDS.includes(kind) ? null : textOrNull(metadata?.namespace),
      object,
    });
  };
  for (const [index, document] of [...documents].entries()) {
    const place = documents.length === 1 ? file : `${file}, document ${index + 1}`;
    const [error] = document.errors;
    if (error !== undefined) throw invalid(place, `it is no YAML: ${error.message}`);
    const value = contentOf(document, place, limits);
    // Templates leave empty documents behind.
    if (value !== null) add(value, place);
  }
  return found;
}

function contentOf(document: Pick<Document.Parsed, 'toJS'>, place: string, limits: Limits): unknown {
  try {
    return document.toJS({ maxAliasCount: limits.yamlAliases }) ?? null;
  } catch (error) {
    throw invalid(place, messageOf(error));
  }
}

/** Items of `PodList` and the like may leave out what they are, for the list says so. */
function typed(item: unknown, listKind: string, apiVersion: string): unknown {
  const object = objectOrNull(item);
  if (object === null || listKind === 'List') return item;
  return { apiVersion, kind: listKind.slice(0, -'List'.length), ...object };
}

function invalid(place: string, problem: string): PlimsollError {
  return new PlimsollError('OBJECT_INVALID', `${place} cannot be judged: ${problem}.`);
}

/** The request that would create it. `namespace` is for objects that name none. */
export function creationOf(
  { apiVersion, kind, name, object, ...manifest }: Manifest,
  namespace: string,
  user: Requester,
): AdmissionRequest {
  const slash = apiVersion.indexOf('/');
  return {
    uid: 'plimsoll-admission-test',
    operation: 'CREATE',
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind,
    resource: `${kind.toLowerCase()}s`,
    subresource: null,
    name,
    namespace: CLUSTER_KINDS.includes(kind) ? null : (manifest.namespace ?? namespace),
    user,
    dryRun: true,
    object,
    oldObject: null,
  };
}
