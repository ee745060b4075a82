import { FAMILIES, type Family, ID_BY_CPE_VENDOR, ID_BY_NAME, RELEASE_PARTS, ROLLING } from './distribution-names.ts';
import { parseAssignments } from './shell-assignments.ts';

/** Which distribution an image holds. Texts are trimmed, bounded and free of control characters; unknown is null. */
export interface Distribution {
  /** os-release ID, lower case: debian, rhel, amzn, ol, sles, … */
  readonly id: string;
  readonly idLike: readonly string[];
  /** os-release VERSION_ID; null for Debian testing and unstable, and for rolling ones that state none. */
  readonly versionId: string | null;
  readonly prettyName: string | null;
  /** Debian's `bookworm`; also taken from `trixie/sid` in etc/debian_version. */
  readonly versionCodename: string | null;
  /** os-release VARIANT_ID; `stream` for CentOS Stream, which has none. */
  readonly variantId: string | null;
  readonly cpeName: string | null;
  /** By id, else by ID_LIKE in its order; null where neither is known. */
  readonly family: Family | null;
  /** The most exact release that any file states and that agrees with versionId: 12.5, 7.9.2009, 3.18.4. */
  readonly pointRelease: string | null;
  /** Follows a moving branch, not a release: Alpine edge, Debian testing and sid, Tumbleweed, Arch, Wolfi. */
  readonly rolling: boolean;
}

/** os-release(5): the first one wins. */
const OS_RELEASE = ['etc/os-release', 'usr/lib/os-release'];

/** Text file to the one distribution that ships it; a rebuild's own file goes before the redhat-release it copies. */
const NAME_AND_RELEASE = [
  'etc/oracle-release',
  'etc/rocky-release',
  'etc/almalinux-release',
  'etc/centos-release',
  'etc/fedora-release',
  'etc/photon-release',
  'etc/mariner-release',
  'etc/azurelinux-release',
  'etc/system-release',
  'etc/redhat-release',
];

/** Binaries that say their version. */
export const VERSIONED_BINARIES: readonly string[] = ['bin/busybox', 'usr/bin/busybox'];

/** All files whose text detectDistribution takes. */
export const RELEASE_FILES: readonly string[] = [
  ...OS_RELEASE,
  ...NAME_AND_RELEASE,
  'etc/system-release-cpe',
  'etc/SuSE-release',
  'etc/alpine-release',
  'etc/lsb-release',
  'etc/debian_version',
  'etc/arch-release',
];

/** What one file says; whatever it leaves out is null. */
type Claim = Partial<Omit<Distribution, 'id' | 'family' | 'rolling' | 'pointRelease'>> & { readonly id: string };

/**
 * Which distribution the release files of one image tell, by path without leading slash; null where none tells any.
 * os-release decides; its older cousins only where it is absent or names no ID, and for the point release.
 */
export function detectDistribution(texts: ReadonlyMap<string, string>): Distribution | null {
  let claim: Claim | null = null;
  for (const read of [fromOsRelease, fromNameAndRelease, fromCpe, fromSuse, fromAlpine, fromLsb, fromDebian]) {
    claim ??= read(texts);
  }
  claim ??= fromArch(texts) ?? fromBusybox(texts);
  return claim === null ? null : complete(claim, texts);
}

function complete(claim: Claim, texts: ReadonlyMap<string, string>): Distribution {
  const { id } = claim;
  const idLike = claim.idLike ?? [];
  const prettyName = claim.prettyName ?? null;
  const debian = id === 'debian' ? fromDebian(texts) : null;
  const versionId = claim.versionId ?? debian?.versionId ?? null;
  const stream = id === 'centos' && /\bstream\b/i.test(prettyName ?? '');
  const family = [id, ...idLike].map((name) => FAMILIES.get(name)).find((known) => known !== undefined) ?? null;
  // Alpine edge calls itself by the coming release: 3.21_alpha20240923 or 3.21.0_alpha20240923.
  const edge = family === 'alpine' && (/_alpha/.test(versionId ?? '') || versionId === 'edge');
  return {
    id,
    idLike,
    versionId,
    prettyName,
    versionCodename: claim.versionCodename ?? debian?.versionCodename ?? null,
    variantId: claim.variantId ?? (stream ? 'stream' : null),
    cpeName: claim.cpeName ?? clean(texts.get('etc/system-release-cpe')),
    family,
    pointRelease: pointRelease(id, versionId, texts),
    rolling:
      ROLLING.has(id) ||
      edge ||
      (id === 'debian' && versionId === null && (debian !== null || /\/sid\b/.test(prettyName ?? ''))),
  };
}

/** Candidates count only where they say the same release more exactly: '12.5' for '12', never '13.1'. */
function pointRelease(id: string, versionId: string | null, texts: ReadonlyMap<string, string>): string | null {
  if (versionId === null) return null;
  const osRelease = osReleaseOf(texts);
  const candidates = [
    /^[0-9.]+/.exec(osRelease?.get('VERSION') ?? '')?.[0],
    id === 'debian' || id === 'raspbian' ? firstLine(texts.get('etc/debian_version')) : undefined,
    id === 'alpine' ? firstLine(texts.get('etc/alpine-release')) : undefined,
    ...NAME_AND_RELEASE.map((path) => nameAndRelease(texts.get(path))).map((found) =>
      found !== null && found.id === id ? found.release : undefined,
    ),
  ];
  let best = versionId;
  for (const candidate of candidates) {
    if (candidate && candidate.length > best.length && candidate.startsWith(`${versionId}.`)) best = candidate;
  }
  return best;
}

function osReleaseOf(texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> | null {
  for (const path of OS_RELEASE) {
    const fields = parseAssignments(texts.get(path) ?? '');
    if (idOf(fields.get('ID')) !== null) return fields;
  }
  return null;
}

function fromOsRelease(texts: ReadonlyMap<string, string>): Claim | null {
  const fields = osReleaseOf(texts);
  const id = idOf(fields?.get('ID'));
  if (fields === null || id === null) return null;
  return {
    id,
    idLike: (fields.get('ID_LIKE') ?? '').split(/\s+/).flatMap((word) => idOf(word) ?? []),
    versionId: clean(fields.get('VERSION_ID')),
    prettyName: clean(fields.get('PRETTY_NAME')) ?? clean(fields.get('NAME')),
    versionCodename: clean(fields.get('VERSION_CODENAME')),
    variantId: clean(fields.get('VARIANT_ID')),
    cpeName: clean(fields.get('CPE_NAME')),
  };
}

/** `Red Hat Enterprise Linux release 8.10 (Ootpa)`. A name of nobody we know becomes its own id. */
function nameAndRelease(text: string | undefined): { id: string; release: string } | null {
  const match = /^(.+?) (?:release )?([0-9][0-9A-Za-z._]*)/.exec(firstLine(text) ?? '');
  if (match === null) return null;
  const name = match[1]!;
  const id =
    ID_BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? idOf(name.trim().replace(/[^A-Za-z0-9._-]+/g, '-'));
  return id === null ? null : { id, release: match[2]! };
}

function fromNameAndRelease(texts: ReadonlyMap<string, string>): Claim | null {
  for (const path of NAME_AND_RELEASE) {
    const found = nameAndRelease(texts.get(path));
    if (found === null) continue;
    const exactness = RELEASE_PARTS.get(found.id) ?? found.release.length;
    const versionId = found.release.split('.').slice(0, exactness).join('.');
    return { id: found.id, versionId, prettyName: firstLine(texts.get(path)) };
  }
  return null;
}

/** `cpe:/o:centos:linux:6:GA` or `cpe:2.3:o:amazon:amazon_linux:2`. */
function fromCpe(texts: ReadonlyMap<string, string>): Claim | null {
  const cpeName = firstLine(texts.get('etc/system-release-cpe'));
  const parts = /^cpe:(?:\/|2\.3:)o:(.*)$/.exec(cpeName ?? '')?.[1]?.split(':') ?? [];
  const id = ID_BY_CPE_VENDOR.get(parts[0] ?? '');
  if (id === undefined) return null;
  return { id, versionId: parts[2] === undefined || parts[2] === '' ? null : parts[2], cpeName };
}

/** SLES up to 12 and openSUSE up to 13: a name, then `VERSION = 11` and `PATCHLEVEL = 4`. */
function fromSuse(texts: ReadonlyMap<string, string>): Claim | null {
  const text = texts.get('etc/SuSE-release');
  const prettyName = firstLine(text);
  if (text === undefined || prettyName === null) return null;
  const number = (key: string): string | undefined => new RegExp(`^${key} *= *([0-9.]+)`, 'm').exec(text)?.[1];
  const version = number('VERSION');
  const patch = number('PATCHLEVEL');
  const id = /^opensuse/i.test(prettyName) ? 'opensuse' : /desktop/i.test(prettyName) ? 'sled' : 'sles';
  const exact = patch === undefined || patch === '0' || id === 'opensuse' ? version : `${version}.${patch}`;
  return { id, versionId: exact ?? null, prettyName };
}

function fromAlpine(texts: ReadonlyMap<string, string>): Claim | null {
  const versionId = firstLine(texts.get('etc/alpine-release'));
  return versionId === null ? null : { id: 'alpine', versionId };
}

/** lsb_release(1), DISTRIB_* as Ubuntu before 12 and many derivatives write it. */
function fromLsb(texts: ReadonlyMap<string, string>): Claim | null {
  const fields = parseAssignments(texts.get('etc/lsb-release') ?? '');
  const id = idOf(fields.get('DISTRIB_ID'));
  if (id === null) return null;
  return {
    id,
    versionId: clean(fields.get('DISTRIB_RELEASE')),
    prettyName: clean(fields.get('DISTRIB_DESCRIPTION')),
    versionCodename: clean(fields.get('DISTRIB_CODENAME')),
  };
}

/** `12.5`, or `trixie/sid` in testing and unstable alike. */
function fromDebian(texts: ReadonlyMap<string, string>): Claim | null {
  const text = firstLine(texts.get('etc/debian_version'));
  if (text === null) return null;
  const release = /^([0-9]+)(?:\.[0-9]+)*$/.exec(text);
  if (release !== null) return { id: 'debian', versionId: release[1]! };
  const codename = /^([a-z]+)\/sid$/.exec(text)?.[1];
  return codename === undefined ? null : { id: 'debian', versionCodename: codename };
}

/** Arch's file is empty: that it exists says it. */
function fromArch(texts: ReadonlyMap<string, string>): Claim | null {
  return texts.has('etc/arch-release') ? { id: 'arch' } : null;
}

function fromBusybox(texts: ReadonlyMap<string, string>): Claim | null {
  for (const path of VERSIONED_BINARIES) {
    const match = /^BusyBox v([0-9.]+)/.exec(texts.get(path) ?? '');
    if (match !== null) return { id: 'busybox', versionId: match[1]!, prettyName: match[0] };
  }
  return null;
}

/** os-release(5): lower case, no blanks. Anything else is no ID. */
function idOf(text: string | undefined): string | null {
  const id = (text ?? '').trim().toLowerCase();
  return /^[a-z0-9][a-z0-9._-]{0,99}$/.test(id) ? id : null;
}

function firstLine(text: string | undefined): string | null {
  return clean(text?.trimStart().split('\n', 1)[0]);
}

function clean(text: string | undefined): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const printable = (text ?? '').slice(0, 1024).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');
  const trimmed = printable.toWellFormed().trim().slice(0, 256);
  return trimmed === '' ? null : trimmed;
}
