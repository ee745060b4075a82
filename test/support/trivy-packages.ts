import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportPackage } from '../../services/domain/report/report.ts';
import { SHARED_DATA } from './repository.ts';
import { samplePackage } from './sample-report.ts';

/** A package as Trivy's package lists have it. */
interface TrivyPackage {
  readonly Name: string;
  readonly Version: string;
  readonly Release?: string;
  readonly Epoch?: number;
  readonly Arch?: string;
  readonly SrcName?: string;
  readonly SrcVersion?: string;
  readonly SrcRelease?: string;
  readonly SrcEpoch?: number;
  readonly Maintainer?: string;
}

/** The packages of an image that is not at hand, from Trivy's golden list of it (`trivy-e2e/package-lists/NAME.json`). */
export function trivyPackages(name: string, type: 'deb' | 'rpm'): ReportPackage[] {
  const file = join(SHARED_DATA, 'fixtures/trivy-e2e/package-lists', `${name}.json`);
  const list = JSON.parse(readFileSync(file, 'utf8')) as readonly TrivyPackage[];
  return list.map((each) => {
    const source =
      each.SrcName === undefined
        ? null
        : { name: each.SrcName, version: evr(each.SrcVersion!, each.SrcRelease, type === 'rpm' ? 0 : each.SrcEpoch) };
    return samplePackage({
      type,
      name: each.Name,
      version: evr(each.Version, each.Release, each.Epoch),
      arch: each.Arch ?? null,
      epoch: each.Epoch ?? null,
      vendor: each.Maintainer ?? null,
      source,
      layer: null,
    });
  });
}

function evr(version: string, release = '', epoch = 0): string {
  return `${epoch === 0 ? '' : `${epoch}:`}${version}${release === '' ? '' : `-${release}`}`;
}
