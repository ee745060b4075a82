/** Ubuntu's releases by code name, as namespaces number them (https://wiki.ubuntu.com/Releases). */
const NUMBERS: ReadonlyMap<string, string> = new Map([
  ['precise', '12.04'],
  ['trusty', '14.04'],
  ['utopic', '14.10'],
  ['vivid', '15.04'],
  ['wily', '15.10'],
  ['xenial', '16.04'],
  ['yakkety', '16.10'],
  ['zesty', '17.04'],
  ['artful', '17.10'],
  ['bionic', '18.04'],
  ['cosmic', '18.10'],
  ['disco', '19.04'],
  ['eoan', '19.10'],
  ['focal', '20.04'],
  ['groovy', '20.10'],
  ['hirsute', '21.04'],
  ['impish', '21.10'],
  ['jammy', '22.04'],
  ['kinetic', '22.10'],
  ['lunar', '23.04'],
  ['mantic', '23.10'],
  ['noble', '24.04'],
  ['oracular', '24.10'],
  ['plucky', '25.04'],
  ['questing', '25.10'],
  ['resolute', '26.04'],
  ['stonking', '26.10'],
]);

/** `Ubuntu:22.04` of `jammy`, with the channel of `esm-infra/jammy`; null for a name that nobody gave. */
export function ubuntuNamespace(
  distro: string,
): { readonly ecosystem: string; readonly channel: string | null } | null {
  const [codename = '', channel = null] = distro.split('/').reverse();
  const number = NUMBERS.get(codename);
  return number === undefined ? null : { ecosystem: `Ubuntu:${number}`, channel };
}
