import type { AdmissionRequest } from '../domain/admission/admission-request.ts';
import { breakGlassOf, identityOf, templateText } from '../domain/admission/break-glass.ts';
import { readWorkload } from '../domain/admission/workload.ts';
import { messageOf } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import type { AccessReviewer } from './admission-ports.ts';
import type { BreakGlassGrant, BreakGlassGrants } from './admission-store-ports.ts';
import type { Sha256 } from './layer-ports.ts';

export interface BreakGlassDependencies {
  readonly reviewer: AccessReviewer;
  readonly grants: BreakGlassGrants;
  readonly sha256: Sha256;
  readonly limits: Limits;
}

/** `grant`: it is open for this object; `isNew`: somebody has just opened it. `refused`: why it is not, though it was asked for. */
export type BreakGlass =
  | { readonly grant: BreakGlassGrant; readonly isNew: boolean }
  | { readonly refused: string }
  | null;

/** What must be allowed, in the namespace, to whoever opens a workload. */
const BREAK_GLASS_ACCESS = {
  verb: 'breakglass',
  group: 'admission.plimsoll.io',
  resource: 'workloads',
} as const;

/**
 * Whether what rules deny is to be let in: somebody who may (SubjectAccessReview) wrote a reason and an end on the object; or it comes of an object
 * that was opened so, by owner UID, and would run the very same. What is copied to another object, or names another's UID, opens nothing.
 * `now` is RFC 3339.
 */
export async function breakGlass(
  request: AdmissionRequest,
  now: string,
  signal: AbortSignal,
  { reviewer, grants, sha256, limits }: BreakGlassDependencies,
): Promise<BreakGlass> {
  const { namespace, object, operation, user, dryRun } = request;
  if (namespace === null || object === null || operation === 'CONNECT') return null;
  const reading = readWorkload(object, request, limits);
  const text = 'workload' in reading ? templateText(reading.workload) : null;
  if (text === null) return null;
  const templateDigest = `sha256:${sha256(new TextEncoder().encode(text))}`;
  const { uid, ownerUid } = identityOf(request);
  const keep = async (grant: Omit<BreakGlassGrant, 'ownerUid' | 'templateDigest' | 'namespace'>) => {
    const kept = { ...grant, ownerUid: uid ?? '', templateDigest, namespace };
    if (uid !== null && !dryRun) await grants.grant(kept);
    return kept;
  };
  try {
    const inherited = ownerUid === null ? null : await grants.granted(ownerUid, templateDigest);
    if (inherited !== null && inherited.namespace === namespace) return { grant: await keep(inherited), isNew: false };
    const asked = breakGlassOf(request, now);
    if (asked === null || 'refused' in asked) return asked;
    const access = { ...BREAK_GLASS_ACCESS, namespace };
    const mayOpen = await reviewer.mayUser({ username: user.name, groups: user.groups }, access, signal);
    if (mayOpen) return { grant: await keep({ ...asked.asked, user: user.name }), isNew: true };
    return {
      refused: `break-glass: ${user.name} may not "breakglass" workloads.admission.plimsoll.io in ${namespace}`,
    };
  } catch (error) {
    // Nobody could tell whether it may be opened: it stays shut.
    return { refused: `break-glass could not be checked: ${messageOf(error)}` };
  }
}
