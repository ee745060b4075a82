import { escapeSteering } from '../report/serialize.ts';
import type { Property } from './properties.ts';
import type { SpdxAnnotation } from './spdx-document.ts';

/*
 * Annotations (SPDX 2.3, clause 12) that carry properties. Plimsoll writes all of one element into one annotation, as a
 * JSON object from each name to its value or values; Trivy writes one annotation for each, as `NAME: VALUE`.
 */

/** Nothing where there is nothing to note. `annotator` is `Tool: NAME-VERSION`, `moment` as SPDX has it. */
export function annotationsOf(properties: readonly Property[], annotator: string, moment: string): SpdxAnnotation[] {
  if (properties.length === 0) return [];
  const values = Map.groupBy(properties, ({ name }) => name);
  const named = [...values].map(([name, all]) => [
    name,
    all.length === 1 ? all[0]!.value : all.map(({ value }) => value),
  ]);
  // "<" is escaped: in the tag-value form nothing else could end a text before its time.
  const comment = escapeSteering(JSON.stringify(Object.fromEntries(named))).replaceAll('<', '\\u003c');
  return [{ annotator, annotationDate: moment, annotationType: 'OTHER', comment }];
}

/** Of Plimsoll's and Trivy's annotations; what others note says nothing that we could read. */
export function propertiesOf(annotations: readonly SpdxAnnotation[] | null | undefined): Property[] {
  return (annotations ?? []).flatMap(({ annotator, comment }) => {
    if (annotator?.startsWith('Tool: plimsoll') === true) return ownProperties(comment);
    return annotator?.startsWith('Tool: trivy') === true ? trivyProperty(comment) : [];
  });
}

/** `NAME: VALUE`, as Trivy writes it into annotations, and into attribution texts before its version 0.60. */
export function trivyProperty(text: string): Property[] {
  const [name, ...rest] = text.split(': ');
  if (rest.length === 0 || !/^[A-Za-z]{1,64}$/.test(name!)) return [];
  return [{ name: `aquasecurity:trivy:${name}`, value: rest.join(': ') }];
}

/** Nothing where the comment is not ours: what then is missing is told by whoever needs it. */
function ownProperties(comment: string): Property[] {
  let values: unknown;
  try {
    values = JSON.parse(comment);
  } catch {
    return [];
  }
  if (typeof values !== 'object' || values === null) return [];
  return Object.entries(values).flatMap(([name, value]) =>
    [value].flat().flatMap((item: unknown) => (typeof item === 'string' ? [{ name, value: item }] : [])),
  );
}
