import { readAdmissionRequest } from '../domain/admission/admission-request.ts';
import type { AdmissionSettings } from '../domain/admission/admission-settings.ts';
import { pinnableImages, pinnedTo } from '../domain/admission/pin-images.ts';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import type { ImageReference } from '../domain/image/reference.ts';
import type { Limits } from '../domain/limits.ts';
import type { Timer } from './timer.ts';

export interface PinDependencies {
  readonly digestOf: (reference: ImageReference) => Promise<string | null>;
  readonly settings: () => AdmissionSettings;
  readonly limits: Limits;
  readonly now: () => number;
  readonly timer: (ms: number) => Timer;
}

/** admission.k8s.io/v1, of a mutating webhook. */
export interface PinResponse {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: true;
    readonly patchType?: 'JSONPatch';
    /** Base64 of a JSON Patch. */
    readonly patch?: string;
    readonly warnings?: readonly string[];
  };
}

/**
 * Tags of a Pod's images, replaced by the digests that they point at as far as anybody told. Never denies: what stays a tag is judged as one. Raises
 * DELIVERY_INVALID where there is nothing to answer to.
 */
export async function pinReview(
  { body, deadline }: { readonly body: Uint8Array; readonly deadline: number },
  { digestOf, settings, limits, now, timer }: PinDependencies,
): Promise<PinResponse> {
  const reading = readAdmissionRequest(body, limits);
  if ('refused' in reading) throw new PlimsollError('DELIVERY_INVALID', `No AdmissionReview: ${reading.refused}`);
  const { request } = reading;
  const isExempt = request.namespace !== null && settings().exemptNamespaces.includes(request.namespace);
  const images = isExempt ? [] : pinnableImages(request);
  const { late, stop } = timer(Math.max(0, deadline - now()));
  try {
    const digests = await Promise.race([Promise.all(images.map(({ reference }) => digestOf(reference))), late]);
    const operations = images.flatMap((image, i) => {
      const digest = digests[i];
      return typeof digest === 'string' ? [pinnedTo(image, digest)] : [];
    });
    if (operations.length === 0) return answer(request.uid, {});
    const json = new TextEncoder().encode(JSON.stringify(operations));
    return answer(request.uid, { patchType: 'JSONPatch', patch: base64(json) });
  } catch (error) {
    return answer(request.uid, { warnings: [`Plimsoll replaced no tags: ${messageOf(error)}`.slice(0, 256)] });
  } finally {
    stop();
  }
}

function answer(uid: string, rest: Omit<PinResponse['response'], 'uid' | 'allowed'>): PinResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true, ...rest } };
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
