import type { Advisory, AffectedPackage } from '../../services/domain/vulnerabilities/advisory.ts';

/** A whole affected entry from what a test cares for. */
export function affectedPackage(
  stated: Partial<AffectedPackage> & Pick<AffectedPackage, 'ecosystem' | 'name'>,
): AffectedPackage {
  return {
    channel: null,
    nameOf: 'package',
    ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
    versions: [],
    status: 'affected',
    vendorStatus: null,
    severities: [],
    module: null,
    architectures: [],
    contentSets: [],
    imports: [],
    ...stated,
  };
}

/** A whole advisory from what a test cares for. */
export function advisory(stated: Partial<Advisory> & Pick<Advisory, 'id' | 'affected'>): Advisory {
  return {
    aliases: [],
    source: 'osv',
    url: null,
    summary: null,
    published: null,
    modified: null,
    withdrawn: null,
    severities: [],
    ...stated,
  };
}
