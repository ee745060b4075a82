import { type Gap, gap } from '../completeness.ts';
import { PlimsollError } from '../errors.ts';
import type { JsonObject, PackageFile } from '../packages/package-file.ts';
import * as schema from '../report/report.ts';
import { firstIssue } from './first-issue.ts';
import { layersFault, within } from './layer-references.ts';
import type { SbomContent } from './sbom.ts';

/** A stored report as an SBOM. It is ours or it is refused (NOT_AN_SBOM): a report that breaks its schema was altered. */
export function readReport(value: JsonObject, { path, limits }: PackageFile): SbomContent {
  const { success, data: report, error } = schema.report.safeParse(value);
  const fault = success ? layersFault(report.image.layers) : firstIssue(error);
  if (!success || fault !== null) {
    throw new PlimsollError('NOT_AN_SBOM', `${path} looks like a report of Plimsoll, but breaks its schema: ${fault}`);
  }
  const { target, image, engines, findings, completeness, tool } = report;
  const packages = report.packages.slice(0, limits.packages);
  const scanGaps = completeness.gaps.map(({ code, message, layer, path: at }) =>
    gap(code, message, { layer: within(layer, image.layers), path: at }),
  );
  const gaps: Gap[] = [];
  if (packages.length < report.packages.length) {
    gaps.push(gap('limit-reached', `more than ${limits.packages} packages (packages); the rest was not read`));
  }
  if (completeness.status === 'partial' && scanGaps.every((each) => each.class !== 'blocking')) {
    gaps.push(
      gap('package-database-broken', 'the scan behind the report was partial, and the report does not say why'),
    );
  }
  return {
    format: 'report',
    specVersion: report.schemaVersion,
    tool,
    digest: target.digest,
    platform: target.platform,
    image,
    packages: packages.map((each) => ({
      ...each,
      layer: within(each.layer, image.layers),
      hiddenBy: within(each.hiddenBy, image.layers),
    })),
    engines: engines.filter(({ name }) => name !== tool.name),
    findings,
    layersRead: Math.min(completeness.layersRead, image.layers.length),
    scanGaps,
    gaps,
  };
}
