import { describe, expect, it } from 'vitest';
import { rebuiltReading } from './rebuilt-version.ts';
import { versionOrder } from './version-order.ts';

/** How an installed version compares with a stated one, both as a rebuild reads them. */
function compared(installed: string, stated: string, type = 'rpm'): unknown {
  const read = rebuiltReading(installed, type)!;
  return versionOrder('ECOSYSTEM', type)!.compare(read(installed), read(stated));
}

describe('versions of a rebuild', () => {
  it.each([
    // Module builds: each distribution has numbers and a context of its own.
    ['1:14.20.0-2.module_el8.6.0+1187+541216eb', '1:14.20.0-2.module+el8.6.0+16231+7c1b33d9', 0],
    ['2.4.37-47.module_el8.6.0+1111+ce6f4ceb.1', '2.4.37-47.module+el8.6.0+15654+427eba2e.2', -1],
    ['2.4.37-47.module_el8.6.0+1111+ce6f4ceb.2', '2.4.37-47.module+el8.6.0+15654+427eba2e.1', 1],
    ['7.4.30-1.module_el8.7.0+1190+d11b935a', '7.4.33-1.module+el8.6.0+16000+1', -1],
    ['7.4.30-1.module_el8.7.0+1190+d11b935a', '7.4.30-2.module+el8', -1],
    // What CentOS changed bears its mark in the place of the minor release.
    ['2.4.6-97.el7.centos.5', '2.4.6-97.el7_9.5', 0],
    ['2.4.6-97.el7.centos.4', '2.4.6-97.el7_9.5', -1],
    ['2.4.6-97.el7.centos', '2.4.6-97.el7_9.1', -1],
    ['2.4.6-98.el7.centos', '2.4.6-97.el7_9.5', 1],
    // What it did not change is compared as it is.
    ['3.3.3-1.el8_4.2', '3.3.3-1.el8_5.1', -1],
    ['7.61.1-22.el8', '7.61.1-22.el8_6.3', -1],
  ])('%s to %s: %s', (installed, stated, expected) => {
    expect(compared(installed, stated)).toBe(expected);
  });

  it('Raspbian’s mark is no later version', () => {
    expect(compared('8.3.0-6+rpi1', '8.3.0-6+deb10u1', 'deb')).toBe(-1);
    expect(compared('8.3.0-6+rpi1+deb10u1', '8.3.0-6+deb10u1', 'deb')).toBe(0);
    expect(compared('8.3.0-6+rpi1', '8.3.0-6', 'deb')).toBe(0);
  });

  it('other types have no marks', () => {
    expect(rebuiltReading('1.0-r0', 'apk')).toBeNull();
  });
});
