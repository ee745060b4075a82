import { describe, expect, it } from 'vitest';
import {
  buildHeader,
  buildPlainHeader,
  listTag,
  numbersTag,
  RPM_TYPE,
  textTag,
} from '../../../../test/support/rpm-databases.ts';
import { Header } from './header.ts';

function open(blob: Uint8Array) {
  const flaws: string[] = [];
  return { header: Header.open(blob, (flaw) => flaws.push(flaw)), flaws };
}

const tags = [textTag(1000, 'bash'), numbersTag(1003, [7]), listTag(1047, ['bash', '/bin/sh'])];

describe('Header', () => {
  it.each([
    ['a region', buildHeader(tags)],
    ['no region', buildPlainHeader(tags)],
  ])('reads values of a header with %s', (_, blob) => {
    const { header, flaws } = open(blob);
    expect(header?.text('NAME')).toBe('bash');
    expect([...(header?.numbers('EPOCH') ?? [])]).toEqual([7]);
    expect(header?.list('PROVIDENAME')).toEqual(['bash', '/bin/sh']);
    expect(header?.text('VENDOR')).toBeNull();
    expect(header?.paths('BASENAMES')).toEqual([]);
    expect(flaws).toEqual([]);
  });

  it('lets an entry behind the region replace one in it', () => {
    const { header, flaws } = open(buildHeader(tags, [textTag(1000, 'zsh')]));
    expect(header?.text('NAME')).toBe('zsh');
    expect(flaws).toEqual([]);
  });

  it('reports a tag that stands twice', () => {
    const { header, flaws } = open(buildHeader([...tags, textTag(1000, 'zsh')]));
    expect(header?.text('NAME')).toBe('bash');
    expect(flaws).toEqual(['NAME: the index has it twice; the first was taken']);
  });

  it('reads Latin-1 where the text is no UTF-8', () => {
    const data = Uint8Array.from([0x4e, 0xfc, 0x72, 0]);
    const { header } = open(buildHeader([{ tag: 1011, type: RPM_TYPE.string, count: 1, data }]));
    expect(header?.text('VENDOR')).toBe('Nür');
  });

  it('keeps the bytes of file names that are no UTF-8', () => {
    const data = Uint8Array.from([0x61, 0xff, 0, 0x62, 0]);
    const { header } = open(buildHeader([{ tag: 1117, type: RPM_TYPE.stringArray, count: 2, data }]));
    expect(header?.paths('BASENAMES')).toEqual(['a\udcff', 'b']);
  });

  it('reports values of the wrong type', () => {
    const { header, flaws } = open(buildHeader([numbersTag(1000, [1]), textTag(1003, 'x')]));
    expect(header?.text('NAME')).toBeNull();
    expect(header?.numbers('EPOCH')).toHaveLength(0);
    expect(flaws).toEqual(['NAME: type 4 with 1 values', 'EPOCH: type 6 with 1 values']);
  });

  it('reports values that overrun the store', () => {
    const many = { ...listTag(1117, ['a', 'b']), count: 100 };
    const numbers = { ...numbersTag(1116, [0, 0]), count: 1_000_000 };
    const open1 = open(buildPlainHeader([many, numbers]));
    expect(open1.header?.paths('BASENAMES')).toEqual([]);
    expect(open1.header?.numbers('DIRINDEXES')).toHaveLength(0);
    expect(open1.flaws).toHaveLength(2);
  });

  it('refuses a blob whose counts do not add up', () => {
    const blob = buildHeader(tags);
    expect(open(blob.subarray(0, 4)).header).toBeNull();
    expect(open(blob.subarray(0, -1)).header).toBeNull();
    expect(open(new Uint8Array(8)).flaws).toHaveLength(1);
  });

  it('reports a region whose trailer lies', () => {
    const blob = buildHeader(tags);
    // The trailer is the last 16 bytes; its third word is minus the length of the index.
    new DataView(blob.buffer).setInt32(blob.length - 8, -17);
    const { header, flaws } = open(blob);
    expect(header?.text('NAME')).toBe('bash');
    expect(flaws).toHaveLength(1);
  });
});
