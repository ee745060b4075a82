import { formatReference, type ImageReference, parseReference } from '../image/reference.ts';
import { listOrEmpty, objectOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { AdmissionRequest } from './admission-request.ts';

/** One operation of a JSON Patch (RFC 6902). */
export interface PatchOperation {
  readonly op: 'replace';
  readonly path: string;
  readonly value: string;
}

export interface PinnableImage {
  /** Where its text stands, as a JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly reference: ImageReference;
}

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** The images of a Pod that is created which a tag names. Those that name none are the API server's to refuse, or the rules'. */
export function pinnableImages({
  group,
  kind,
  subresource,
  operation,
  object,
}: AdmissionRequest): readonly PinnableImage[] {
  if (group !== '' || kind !== 'Pod' || subresource !== null || operation !== 'CREATE') return [];
  const spec = objectOrNull(object?.spec);
  const containers = LISTS.flatMap((list) =>
    listOrEmpty(spec?.[list]).map((each, i) => [`/spec/${list}/${i}/image`, objectOrNull(each)?.image] as const),
  );
  const volumes = listOrEmpty(spec?.volumes).map((volume, i) => {
    return [`/spec/volumes/${i}/image/reference`, objectOrNull(objectOrNull(volume)?.image)?.reference] as const;
  });
  return [...containers, ...volumes].flatMap(([path, text]) => {
    const reference = typeof text === 'string' ? taggedReference(text) : null;
    return reference === null ? [] : [{ path, reference }];
  });
}

/** The tag stays, for people; where a digest is there too, it alone decides. */
export function pinnedTo({ path, reference }: PinnableImage, digest: string): PatchOperation {
  return { op: 'replace', path, value: formatReference({ ...reference, digest }) };
}

function taggedReference(text: string): ImageReference | null {
  try {
    const reference = parseReference(text);
    return reference.digest === null ? reference : null;
  } catch {
    return null;
  }
}
