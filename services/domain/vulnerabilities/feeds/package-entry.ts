import type { AffectedPackage, RangeEvent } from '../advisory.ts';

/** What a feed that is not OSV says of one package: the names, where the vendor stands, and what else it states. */
export type StatedEntry = Pick<AffectedPackage, 'ecosystem' | 'name' | 'nameOf' | 'status'> &
  Partial<Omit<AffectedPackage, 'ranges' | 'versions'>> & {
    /** The version that ends it; null where none does. Of what is not affected nothing is looked at. */
    readonly fixed: string | null;
    /** The first version that has it; by default all from the beginning. */
    readonly introduced?: string;
  };

/** A whole entry. It holds every version below the fix; where nothing is affected it has no range. */
export function packageEntry({ fixed, introduced = '0', ...stated }: StatedEntry): AffectedPackage {
  const end: RangeEvent[] = fixed === null ? [] : [{ fixed }];
  return {
    channel: null,
    vendorStatus: null,
    severities: [],
    module: null,
    architectures: [],
    contentSets: [],
    imports: [],
    ...stated,
    ranges: stated.status === 'not_affected' ? [] : [{ type: 'ECOSYSTEM', events: [{ introduced }, ...end] }],
    versions: [],
  };
}
