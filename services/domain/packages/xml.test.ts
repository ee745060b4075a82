import { describe, expect, test } from 'vitest';
import { LIMITS, type Limits } from '../limits.ts';
import { parseXml } from './xml.ts';

const encoder = new TextEncoder();
const parse = (text: string | Uint8Array, limits: Partial<Limits> = {}) => {
  return parseXml(typeof text === 'string' ? encoder.encode(text) : text, { ...LIMITS, ...limits });
};
const element = (name: string, text = '', children: unknown[] = [], attributes = {}) => {
  return { name, text, children, attributes: new Map(Object.entries(attributes)) };
};
const unparsable = (message: string | RegExp) => ({
  code: 'package-file-unparsable',
  message: typeof message === 'string' ? message : expect.stringMatching(message),
});
const reached = (limit: string) => ({ code: 'limit-reached', message: expect.stringContaining(`(${limit})`) });

test('elements, their text without the blanks around it, and nothing else', () => {
  const text = `<?xml version="1.0" encoding="UTF-8"?>
    <!-- a comment --><?processing instruction?>
    <a x="1"> one <b/>two<!-- --> three<c:d> &lt;&amp;&#x41; <![CDATA[<&]]></c:d>
    </a><!-- end -->`;
  expect(parse(text)).toEqual(element('a', 'one two three', [element('b'), element('c:d', '<&A <&')], { x: '1' }));
});

describe('encodings', () => {
  const text = '<a>é</a>';
  test('a mark of UTF-8', () => expect(parse(`\ufeff${text}`)).toEqual(element('a', 'é')));
  test('UTF-16 by its mark', () => {
    expect(parse(Buffer.from(`\ufeff${text}`, 'utf16le'))).toEqual(element('a', 'é'));
    expect(parse(Buffer.from(`\ufeff${text}`, 'utf16le').swap16())).toEqual(element('a', 'é'));
  });
  test('as declared', () => {
    const bytes = Buffer.from(`<?xml version='1.0' encoding='ISO-8859-1'?>${text}`, 'latin1');
    expect(parse(bytes)).toEqual(element('a', 'é'));
  });
  test('bytes that are none of it', () => {
    expect(parse(Buffer.from(text, 'latin1'))).toEqual(unparsable('no XML: it is no text in "utf-8"'));
    expect(parse('<?xml version="1.0" encoding="EBCDIC"?><a/>')).toEqual(
      unparsable('no XML: it is no text in "EBCDIC"'),
    );
  });
});

describe('what is no document is told', () => {
  test.each([
    '',
    '   ',
    'text',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a b=c/>',
    '<a>&nbsp;</a>',
    '<a',
    '<a>\u0001</a>',
    '<a>]]></a>',
  ])('%j', (text) => {
    expect(parse(text)).toEqual(unparsable(/^no XML: /));
  });
});

describe('a document type is refused, whatever is in it', () => {
  const REFUSED = unparsable('it has a document type, which is not read');
  test.each([
    '<!DOCTYPE a><a/>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "http://127.0.0.1/">]><a>&b;</a>',
    `<!DOCTYPE l [<!ENTITY l0 "lol">${Array.from({ length: 20 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')}]><a>&l20;</a>`,
  ])('%j', (text) => expect(parse(text)).toEqual(REFUSED));
});

describe('limits', () => {
  const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  test('xmlDepth', () => {
    expect(parse(nested(3), { xmlDepth: 3 })).toHaveProperty('name', 'a');
    expect(parse(nested(4), { xmlDepth: 3 })).toEqual(reached('xmlDepth'));
    expect(parse('<a>'.repeat(1_000_000))).toEqual(reached('xmlDepth'));
  });
  test('xmlElements', () => {
    expect(parse('<a><b/><b/></a>', { xmlElements: 3 })).toHaveProperty('name', 'a');
    expect(parse('<a><b/><b/><b/></a>', { xmlElements: 3 })).toEqual(reached('xmlElements'));
  });
  test('recordFieldBytes', () => {
    expect(parse('<a>12<b/>3</a>', { recordFieldBytes: 3 })).toHaveProperty('text', '123');
    expect(parse('<a>12<b/>34</a>', { recordFieldBytes: 3 })).toEqual(reached('recordFieldBytes'));
  });
  test('megabytes of anything end soon', () => {
    const started = performance.now();
    const many = 2_000_000;
    for (const text of [
      `<a ${Array.from({ length: 100_000 }, (_, i) => `a${i}=""`).join(' ')}/>`,
      `<a><!--${'-x'.repeat(many)}--></a>`,
      `<a><![CDATA[${']]x'.repeat(many)}`,
      `<!DOCTYPE a [${'x'.repeat(many)}`,
      `<a>&${'x'.repeat(many)}`,
      `<${'x'.repeat(many)}`,
      `<a>${'</b>'.repeat(many)}`,
    ]) {
      parse(text);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('handing over the children of the root one by one', () => {
  const children = (text: string, limits: Partial<Limits> = {}) => {
    const found: string[] = [];
    const result = parseXml(encoder.encode(text), { ...LIMITS, ...limits }, ({ name, children: inner }) => {
      found.push(`${name}${inner.length}`);
    });
    return { found, result };
  };
  test('none is kept', () => {
    expect(children('<r><a><b/></a><c/></r>')).toEqual({ found: ['a1', 'c0'], result: element('r') });
  });
  test('those before a flaw were handed over', () => {
    expect(children('<r><a/><b>')).toMatchObject({ found: ['a0'], result: unparsable(/^no XML/) });
  });
  test('xmlElements bounds each of them', () => {
    const text = `<r>${'<a><b/></a>'.repeat(10)}</r>`;
    expect(children(text, { xmlElements: 3 }).result).toEqual(element('r'));
    expect(children(text, { xmlElements: 2 })).toMatchObject({ found: [], result: reached('xmlElements') });
  });
});
