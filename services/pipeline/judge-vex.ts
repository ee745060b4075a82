import { PlimsollError } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import type { Report } from '../domain/report/report.ts';
import type { VexDocument } from '../domain/vulnerabilities/vex/document.ts';
import { type FoundVex, foundIn, type JudgedVex, nameOf } from '../domain/vulnerabilities/vex/found-vex.ts';
import { IN_TOTO_TYPE, isVexPredicate, readStatement } from '../domain/vulnerabilities/vex/in-toto.ts';
import { parseVexJson, readVex } from '../domain/vulnerabilities/vex/read-vex.ts';
import type { BundleVerifier } from './verdict-ports.ts';

/** A document, or why there is none to apply; of one for another image both. */
interface Read {
  readonly document: VexDocument | null;
  readonly reason: string | null;
}

/** The VEX that came with what was scanned: who signed it, and whether that is reason to apply it. */
export function judgeVex(report: Report, verifier: BundleVerifier, limits: Limits): JudgedVex[] {
  return report.findings
    .flatMap((finding) => foundIn(finding) ?? [])
    .map((found) => judgeOne(found, report.target, verifier, limits));
}

function judgeOne(found: FoundVex, target: Report['target'], verifier: BundleVerifier, limits: Limits): JudgedVex {
  const { document: text, bundle } = found;
  if (bundle === null) {
    const { document, reason } = readFound(found, text ?? '', target, limits);
    return { found, signed: 'unsigned', identity: null, document, reason: reason ?? 'nobody signed it' };
  }
  const { payload, signer, refusal } = verifier.read(bundle, text);
  const signed = signer === null ? 'unverified' : 'verified';
  const judged = { found, signed, identity: signer } as const;
  if (text !== null && payload !== null) {
    const reason = 'what lies beside it is an attestation, no signature of this file';
    return { ...judged, signed: 'unverified', identity: null, ...readFound(found, text, target, limits), reason };
  }
  if (payload !== null && payload.type !== IN_TOTO_TYPE) {
    return {
      ...judged,
      document: null,
      reason: `what is signed is "${payload.type.slice(0, 100)}", no in-toto statement`,
    };
  }
  const content = text ?? payload?.text ?? null;
  if (content === null) return { ...judged, document: null, reason: refusal ?? 'there is no document' };
  const { document, reason } = readFound(found, content, target, limits);
  return { ...judged, document, reason: refusal ?? reason };
}

/** A document inside the image says itself what it is about; one beside it stands in a statement on this very manifest. */
function readFound(found: FoundVex, text: string, target: Report['target'], limits: Limits): Read {
  const name = nameOf(found);
  try {
    const value = parseVexJson(text, name, limits);
    if (found.referrer === null) return { document: readVex(value, name), reason: null };
    const statement = readStatement(value);
    if (statement === null) return { document: null, reason: 'it is no in-toto statement' };
    if (!isVexPredicate(statement.predicateType)) {
      return { document: null, reason: `it is an attestation of ${statement.predicateType.slice(0, 100)}, no VEX` };
    }
    const document = readVex(statement.predicate, name);
    if (target.digest !== null && statement.subjects.includes(target.digest)) return { document, reason: null };
    return { document, reason: `it is about another image: ${statement.subjects[0] ?? 'it names none'}` };
  } catch (error) {
    if (error instanceof PlimsollError) return { document: null, reason: error.message };
    throw error;
  }
}
