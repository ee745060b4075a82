import type { ReportPackage } from '../report/report.ts';

/**
 * Packages in a distribution's own format that somebody else built: the distribution's advisories do not speak of them, and
 * the language packages that they bring are judged by the advisories of their language.
 */

/** Who signs and builds a distribution's rpm packages, by os-release ID; any other Vendor is a third party. */
const RPM_VENDORS: ReadonlyMap<string, RegExp> = new Map([
  ['rhel', /^red hat\b/i],
  ['centos', /^(?:centos|red hat)\b/i],
  ['almalinux', /^almalinux\b/i],
  ['rocky', /^rocky\b/i],
  ['ol', /^oracle\b/i],
  ['amzn', /^amazon\b/i],
  ['fedora', /^fedora project\b/i],
  ['sles', /^suse\b/i],
  ['sled', /^suse\b/i],
  ['sl_micro', /^suse\b/i],
  ['sle-micro', /^suse\b/i],
  ['opensuse-leap', /^(?:open)?suse\b/i],
  ['opensuse-tumbleweed', /^(?:open)?suse\b/i],
  ['photon', /^(?:vmware|broadcom)\b/i],
  ['mariner', /^microsoft\b/i],
  ['azurelinux', /^microsoft\b/i],
  ['openeuler', /openeuler/i],
  ['mageia', /^mageia/i],
]);

/**
 * Of dpkg packages: maintainers, and marks in versions, of well-known repositories outside Debian and Ubuntu. Anybody may
 * maintain a package of Debian, so that a list of the others is all that can be had.
 */
const DEB_MAINTAINERS =
  /@(?:docker|nodesource|nvidia|google|chromium|microsoft|hashicorp|elastic|grafana|mongodb|datadoghq|influxdata|gitlab|github|confluent|jenkins-ci|newrelic|cloudflare|percona|mariadb|timescale|clickhouse|nginx|bitnami|broadcom|fluentd|treasure-data|snyk|tailscale|launchdarkly)\.(?:com|org|io|net)\b|@(?:oss\.)?oracle\.com\b|\bkubernetes authors\b/i;
const DEB_VERSIONS = /nodesource|\.pgdg\d|\+0~20\d{6}\.|~(?:sury|dotdeb)/;

export function isThirdParty({ type, version, vendor }: ReportPackage, osId: string | null): boolean {
  if (type === 'rpm') {
    const own = RPM_VENDORS.get(osId ?? '');
    return own !== undefined && vendor !== null && !own.test(vendor);
  }
  if (type !== 'deb') return false;
  return DEB_VERSIONS.test(version) || (vendor !== null && DEB_MAINTAINERS.test(vendor));
}
