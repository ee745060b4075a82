/**
 * How a version reads where another distribution's advisories judge it. A rebuild keeps version and release, and adds marks
 * of its own, whose order means nothing: taken as they are, a package would count as older or newer than the fix it holds.
 */

/** Numbers of module builds, which each distribution counts on its own: `.module_el8.6.0+1187+541216eb`. */
const MODULE_BUILD = /\.module[+_]el\d[\w.]*(?:\+\w+)*/;
/** CentOS where it changed a package: `97.el7.centos.5` is `97.el7_9.5`. */
const CENTOS_MARK = /\.el\d+(?:_\d+)?\.centos(?=\.|$)/;
const ENTERPRISE_RELEASE = /\.el(\d+)(?:_\d+)?(?:\.centos)?(?=\.|$)/;
/** Raspbian where it changed a package: `8.3.0-6+rpi1`, which dpkg has behind `8.3.0-6+deb10u1`. */
const RASPBIAN_MARK = /\+rpi\d+/;

/** The same for every build of one release of a module's package, whoever built it when. */
export function withoutModuleBuild(version: string): string {
  return version.replace(MODULE_BUILD, '.module');
}

/** How to read versions, installed and stated ones, beside an installed one of a purl type; null where they need no care. */
export function rebuiltReading(installed: string, purlType: string): ((version: string) => string) | null {
  if (purlType === 'deb') return (version) => version.replace(RASPBIAN_MARK, '');
  if (purlType !== 'rpm') return null;
  // Without the mark the minor release counts: 1.el8_4 is before 1.el8_5.
  const isMarked = CENTOS_MARK.test(installed);
  return (version) => {
    const read = withoutModuleBuild(version);
    return isMarked ? read.replace(ENTERPRISE_RELEASE, '.el$1') : read;
  };
}
