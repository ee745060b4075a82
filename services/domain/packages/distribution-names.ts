/** Whose packages, version scheme and advisories a distribution shares. Never a licence to use another's advisories. */
export type Family =
  | 'debian'
  | 'rhel'
  | 'fedora'
  | 'amazon'
  | 'suse'
  | 'alpine'
  | 'wolfi'
  | 'photon'
  | 'azurelinux'
  | 'arch'
  | 'openwrt';

/** By os-release ID. */
export const FAMILIES: ReadonlyMap<string, Family> = new Map<string, Family>([
  ['debian', 'debian'],
  ['ubuntu', 'debian'],
  ['raspbian', 'debian'],
  ['linuxmint', 'debian'],
  ['kali', 'debian'],
  ['devuan', 'debian'],
  ['rhel', 'rhel'],
  ['centos', 'rhel'],
  ['rocky', 'rhel'],
  ['almalinux', 'rhel'],
  ['ol', 'rhel'],
  ['scientific', 'rhel'],
  ['virtuozzo', 'rhel'],
  ['eurolinux', 'rhel'],
  ['fedora', 'fedora'],
  ['amzn', 'amazon'],
  ['sles', 'suse'],
  ['sled', 'suse'],
  ['suse', 'suse'],
  ['sl_micro', 'suse'],
  ['sle-micro', 'suse'],
  ['opensuse', 'suse'],
  ['opensuse-leap', 'suse'],
  ['opensuse-tumbleweed', 'suse'],
  ['alpine', 'alpine'],
  ['postmarketos', 'alpine'],
  ['wolfi', 'wolfi'],
  ['chainguard', 'wolfi'],
  ['photon', 'photon'],
  ['mariner', 'azurelinux'],
  ['azurelinux', 'azurelinux'],
  ['arch', 'arch'],
  ['archarm', 'arch'],
  ['manjaro', 'arch'],
  ['openwrt', 'openwrt'],
]);

/** IDs that follow a moving branch and have no other. */
export const ROLLING = new Set(['arch', 'archarm', 'manjaro', 'wolfi', 'chainguard', 'opensuse-tumbleweed', 'kali']);

/** The start of a release file's text to the os-release ID. */
export const ID_BY_NAME: readonly (readonly [RegExp, string])[] = [
  [/^red hat enterprise linux/i, 'rhel'],
  [/^centos/i, 'centos'],
  [/^rocky linux/i, 'rocky'],
  [/^almalinux/i, 'almalinux'],
  [/^oracle linux/i, 'ol'],
  [/^fedora/i, 'fedora'],
  [/^scientific linux/i, 'scientific'],
  [/^amazon linux/i, 'amzn'],
  [/^vmware photon/i, 'photon'],
  [/^cbl-mariner/i, 'mariner'],
  [/^(?:microsoft )?azure ?linux/i, 'azurelinux'],
];

/** Vendor of a CPE to the os-release ID. */
export const ID_BY_CPE_VENDOR: ReadonlyMap<string, string> = new Map([
  ['redhat', 'rhel'],
  ['centos', 'centos'],
  ['rocky', 'rocky'],
  ['almalinux', 'almalinux'],
  ['oracle', 'ol'],
  ['fedoraproject', 'fedora'],
  ['scientificlinux', 'scientific'],
  ['amazon', 'amzn'],
]);

/** Where VERSION_ID is shorter than what release files say (CentOS 7 and 7.9.2009, Mariner 2.0 and 2.0.20220804): its parts. */
export const RELEASE_PARTS: ReadonlyMap<string, number> = new Map([
  ['centos', 1],
  ['mariner', 2],
  ['azurelinux', 2],
]);
