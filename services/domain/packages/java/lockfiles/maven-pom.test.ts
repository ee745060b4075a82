// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Maven writes its properties so.
import { describe, expect, test } from 'vitest';
import { lockfileRows, type ProjectFiles, readLockfiles } from '../../../../../test/support/read-lockfiles.ts';
import type { Limits } from '../../../limits.ts';
import { mavenPom } from './maven-pom.ts';

/** `group:artifact[:version[:scope]]` as a dependency of a pom. */
function dependency(coordinate: string, more = ''): string {
  const [group, artifact, version = '', scope = ''] = coordinate.split(':');
  const element = (name: string, text: string) => (text === '' ? '' : `<${name}>${text}</${name}>`);
  const texts = [
    element('groupId', group!),
    element('artifactId', artifact!),
    element('version', version),
    element('scope', scope),
  ];
  return `<dependency>${texts.join('')}${more}</dependency>`;
}
const dependencies = (...coordinates: string[]) =>
  `<dependencies>${coordinates.map((text) => dependency(text)).join('')}</dependencies>`;
const managed = (...coordinates: string[]) =>
  `<dependencyManagement>${dependencies(...coordinates)}</dependencyManagement>`;
const boms = (...coordinates: string[]) => {
  const list = coordinates.map((text) => dependency(`${text}:import`, '<type>pom</type>'));
  return `<dependencyManagement><dependencies>${list.join('')}</dependencies></dependencyManagement>`;
};
const properties = (values: Record<string, string>) => {
  return `<properties>${Object.entries(values)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('')}</properties>`;
};
const parent = (version: string, relativePath = '', artifact = 'parent') => {
  return `<parent><groupId>own</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${relativePath}</parent>`;
};
const pom = (artifact: string, ...parts: string[]) => {
  return `<?xml version="1.0"?><project><artifactId>${artifact}</artifactId>${parts.join('')}</project>`;
};
/** One with coordinates of its own: `own:ARTIFACT:1`. */
const full = (artifact: string, ...parts: string[]) =>
  pom(artifact, '<groupId>own</groupId><version>1</version>', ...parts);

/** Rows of the file, without the one that says that there may be more. */
function rows(files: string | ProjectFiles, path = 'pom.xml', limits: Partial<Limits> = {}): string[] {
  const all = lockfileRows(mavenPom, typeof files === 'string' ? { 'pom.xml': files } : files, limits);
  return all[path]!.filter((row) => !row.startsWith('dependencies-unknown: a pom names'));
}
const invalid = (message: string) => `package-record-invalid: ${message}`;
const unresolved = (message: string) => `dependency-unresolved: ${message}`;

test('dependencies; what only tests need is development', () => {
  const list = ['a:compile:1', 'a:runtime:2:runtime', 'a:provided:3:provided', 'a:system:4:system', 'a:test:5:test'];
  const [unit] = readLockfiles(mavenPom, { 'pom.xml': full('app', dependencies(...list)) });
  expect(unit!.packages).toMatchObject([
    { type: 'maven', name: 'a:compile', version: '1' },
    { name: 'a:runtime', version: '2' },
    { name: 'a:provided', version: '3' },
    { name: 'a:system', version: '4' },
    { name: 'a:test', version: '5', development: true },
  ]);
  expect(unit!.packages.filter(({ development }) => development)).toHaveLength(1);
  expect(unit!.gaps).toEqual([
    { code: 'dependencies-unknown', message: 'a pom names what the project needs itself, and not what that brings' },
  ]);
});

test('a pom without dependencies is whole', () => {
  expect(lockfileRows(mavenPom, { 'pom.xml': full('app', managed('a:b:1')) })).toEqual({ 'pom.xml': [] });
});

test('plugins, and dependencies of plugins, are none', () => {
  expect(
    rows(
      full(
        'app',
        `<build><plugins><plugin><artifactId>p</artifactId>${dependencies('a:b:1')}</plugin></plugins></build>`,
      ),
    ),
  ).toEqual([]);
});

test('of a dependency that is stated twice the last counts', () => {
  expect(rows(full('app', dependencies('a:b:1', 'c:d:1', 'a:b:2')))).toEqual(['c:d@1', 'a:b@2']);
});

describe('properties', () => {
  const of = (version: string, values: Record<string, string> = {}) =>
    rows(full('app', properties(values), dependencies(`a:b:${version}`)));
  test.each<[string, string, Record<string, string>, string]>([
    ['one', '${v}', { v: '1' }, '1'],
    ['in the middle', '1.${minor}.${patch}-x', { minor: '2', patch: '3' }, '1.2.3-x'],
    ['in each other', '${a}', { a: '${b}.1', b: '${c}', c: '7' }, '7.1'],
    ['the version of the project', '${project.version}', {}, '1'],
    ['as Maven 2 had it', '${pom.version}.${version}', {}, '1.1'],
    ['the last of two', '${v}', { v: '1' }, '1'],
  ])('%s', (_, version, values, expected) => expect(of(version, values)).toEqual([`a:b@${expected}`]));
  test('in names', () => {
    expect(rows(full('app', properties({ n: 'lib' }), dependencies('${project.groupId}.x:${n}-core:1')))).toEqual([
      'own.x:lib-core@1',
    ]);
  });

  const open = (property: string, why: string) => [
    unresolved(`"a:b" has a version that is open: the property "${property}" ${why}`),
  ];
  test.each<[string, string, Record<string, string>, string, string]>([
    ['not set', '${v}', {}, 'v', 'is not set in the tree'],
    ['of the machine', '${env.V}', {}, 'env.V', 'is not set in the tree'],
    ['not set, deep', '${a}', { a: '${b}' }, 'b', 'is not set in the tree'],
    ['made of itself', '${a}', { a: 'x${a}' }, 'a', 'is made of itself'],
    ['in a circle', '${a}', { a: '${b}', b: '${c}', c: '${a}' }, 'a', 'is made of itself'],
    ['a property in a name', '${a${b}}', { b: 'c', ac: '1' }, '${ac}', 'is no property'],
    ['without end', '${a', {}, '${a', 'is no property'],
    ['the prototype', '${__proto__}', {}, '__proto__', 'is not set in the tree'],
    ['a method', '${toString}', {}, 'toString', 'is not set in the tree'],
  ])('%s', (_, version, values, property, why) => expect(of(version, values)).toEqual(open(property, why)));
  test('in a name', () => {
    expect(rows(full('app', dependencies('a:${n}:1')))).toEqual([
      unresolved('a dependency whose name is open: the property "n" is not set in the tree'),
    ]);
  });
  test('a billion laughs make no text', () => {
    const values = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`l${i + 1}`, `\${l${i}}`.repeat(10)]));
    const [row, ...more] = of('${l40}', { ...values, l0: 'lol' });
    expect(row).toMatch(/makes more than 255 characters$/);
    expect(more).toEqual([]);
  });
  test('pomDepth (limit)', () => {
    const values = { a: '${b}', b: '${c}', c: '1' };
    const content = full('app', properties(values), dependencies('a:b:${a}'));
    expect(rows(content, 'pom.xml', { pomDepth: 3 })).toEqual(['a:b@1']);
    expect(rows(content, 'pom.xml', { pomDepth: 2 })).toEqual(open('c', 'stands in more than 2 properties (pomDepth)'));
  });
});

describe('management', () => {
  test('gives version and scope where the dependency states none', () => {
    const content = full(
      'app',
      managed('a:b:2:test', 'c:d:3:test', 'e:f:4'),
      dependencies('a:b', 'c:d:1:runtime', 'e:f::provided'),
    );
    expect(rows(content)).toEqual(['a:b@2 development', 'c:d@1', 'e:f@4']);
  });
  test('is by type and classifier', () => {
    const list = [dependency('a:b:1', '<type>test-jar</type>'), dependency('a:b:2', '<classifier>linux</classifier>')];
    const content = full(
      'app',
      `<dependencyManagement><dependencies>${list.join('')}</dependencies></dependencyManagement>`,
      `<dependencies>${dependency('a:b', '<type>test-jar</type>')}</dependencies>`,
    );
    expect(rows(content)).toEqual(['a:b@1']);
  });
  test('without any, that is told', () => {
    expect(rows(full('app', managed('a:c:1'), dependencies('a:b')))).toEqual([
      unresolved('"a:b" has no version, and nothing in the tree manages it'),
    ]);
  });
});

describe('parents', () => {
  const PARENT = full(
    'parent',
    properties({ v: '1', w: '1' }),
    managed('a:b:${v}', 'a:c:${w}:test'),
    dependencies('a:inherited:${project.version}'),
  );
  const child = (...parts: string[]) => pom('child', ...parts, properties({ w: '2' }), dependencies('a:b', 'a:c'));

  test('properties of the child go before those of the parent, there too', () => {
    const files = { 'pom.xml': PARENT, 'child/pom.xml': child(parent('1'), '<version>9</version>') };
    expect(rows(files)).toEqual(['a:inherited@1']);
    expect(rows(files, 'child/pom.xml')).toEqual(['a:inherited@9', 'a:b@1', 'a:c@2 development']);
  });
  test.each<[string, string, string]>([
    ['a folder', 'parent/pom.xml', '<relativePath>../parent</relativePath>'],
    ['a file', 'parent/pom.xml', '<relativePath>../parent/pom.xml</relativePath>'],
    ['elsewhere in the tree', 'x/y/pom.xml', ''],
    ['by name alone', 'x/pom.xml', '<relativePath/>'],
  ])('%s', (_, path, relativePath) => {
    expect(rows({ [path]: PARENT, 'child/pom.xml': child(parent('1', relativePath)) }, 'child/pom.xml')).toContain(
      'a:b@1',
    );
  });
  test.each(['${revision}', '7'])('a version that is a property (%s)', (stated) => {
    const top = pom(
      'parent',
      '<groupId>own</groupId><version>${revision}</version>',
      properties({ revision: '7' }),
      managed('a:b:3'),
    );
    expect(rows({ 'pom.xml': top, 'c/pom.xml': pom('c', parent(stated), dependencies('a:b')) }, 'c/pom.xml')).toEqual([
      'a:b@3',
    ]);
  });
  test('grandparents', () => {
    const files = {
      'pom.xml': full('parent', managed('a:b:1', 'a:c:1')),
      'm/pom.xml': pom('middle', parent('1'), managed('a:c:2')),
      'm/c/pom.xml': pom('c', parent('1', '', 'middle'), dependencies('a:b', 'a:c')),
    };
    expect(rows(files, 'm/c/pom.xml')).toEqual(['a:b@1', 'a:c@2']);
  });
  test('a child may state a dependency of its parent anew', () => {
    const files = {
      'pom.xml': full('parent', dependencies('a:b:1')),
      'c/pom.xml': pom('c', parent('1'), dependencies('a:b:2')),
    };
    expect(rows(files, 'c/pom.xml')).toEqual(['a:b@2']);
  });

  describe('that are not in the tree', () => {
    const outside = (version: string) => `; not in the tree: "own:parent:${version}"`;
    test.each<[string, ProjectFiles]>([
      ['none', {}],
      ['another version', { 'pom.xml': PARENT }],
      ['another artifact at its place', { 'pom.xml': full('other', managed('a:b:1')) }],
    ])('%s', (_, files) => {
      expect(
        lockfileRows(mavenPom, { ...files, 'c/pom.xml': pom('c', parent('2'), dependencies('a:b', 'a:c:${v}')) })[
          'c/pom.xml'
        ],
      ).toEqual([
        unresolved(`"a:b" has no version, and nothing in the tree manages it${outside('2')}`),
        unresolved(`"a:c" has a version that is open: the property "v" is not set in the tree${outside('2')}`),
        `dependencies-unknown: a pom names what the project needs itself, and not what that brings${outside('2')}`,
      ]);
    });
    test('that is told even where nothing is open: it may have dependencies', () => {
      expect(lockfileRows(mavenPom, { 'pom.xml': pom('c', parent('1')) })['pom.xml']).toEqual([
        expect.stringMatching(/^dependencies-unknown: .*"own:parent:1"$/),
      ]);
    });
    test('a path out of the tree leads nowhere', () => {
      const files = {
        'pom.xml': PARENT,
        'c/pom.xml': child(parent('2', '<relativePath>../../../pom.xml</relativePath>')),
      };
      expect(rows(files, 'c/pom.xml').join()).toContain('own:parent:2');
    });
  });

  test.each<[string, ProjectFiles]>([
    [
      'itself',
      { 'pom.xml': full('parent', parent('1', '<relativePath>pom.xml</relativePath>'), dependencies('a:b:1')) },
    ],
    [
      'each other',
      {
        'pom.xml': full('parent', parent('1', '<relativePath>c</relativePath>', 'c'), dependencies('a:b:1')),
        'c/pom.xml': full('c', parent('1')),
      },
    ],
  ])('in a circle: %s', (_, files) => {
    expect(rows(files)).toEqual(['a:b@1', invalid('its parents go round in a circle')]);
  });
  test('pomDepth (limit)', () => {
    const chain = (depth: number) =>
      Object.fromEntries(
        Array.from({ length: depth + 1 }, (_, i) => [
          `${'c/'.repeat(i)}pom.xml`,
          i === 0 ? full('p0', dependencies('a:b:1')) : pom(`p${i}`, parent('1', '', `p${i - 1}`)),
        ]),
      );
    expect(rows(chain(3), 'c/c/c/pom.xml', { pomDepth: 3 })).toEqual(['a:b@1']);
    expect(rows(chain(3), 'c/c/c/pom.xml', { pomDepth: 2 })).toEqual(['limit-reached: more than 2 parents (pomDepth)']);
  });
});

describe('imports', () => {
  const BOM = full('bom', properties({ v: '3' }), managed('a:b:${v}', 'a:c:${project.version}'));
  test('in the tree, with the properties of their own; what is managed here goes before', () => {
    const app = pom(
      'app',
      '<groupId>own</groupId><version>9</version>',
      properties({ v: '0' }),
      boms('own:bom:1'),
      dependencies('a:b', 'a:c'),
    );
    expect(rows({ 'bom/pom.xml': BOM, 'pom.xml': app })).toEqual(['a:b@3', 'a:c@1']);
    const both = app.replace(
      '</dependencies></dependencyManagement>',
      `${dependency('a:b:8')}</dependencies></dependencyManagement>`,
    );
    expect(rows({ 'bom/pom.xml': BOM, 'pom.xml': both })).toEqual(['a:b@8', 'a:c@1']);
  });
  test('of a parent; the first of two', () => {
    const second = full('second', managed('a:b:5', 'a:d:5'));
    const files = {
      'bom/pom.xml': BOM,
      'second/pom.xml': second,
      'pom.xml': full('parent', boms('own:bom:1', 'own:second:1')),
      'c/pom.xml': pom('c', parent('1'), dependencies('a:b', 'a:d')),
    };
    expect(rows(files, 'c/pom.xml')).toEqual(['a:b@3', 'a:d@5']);
  });
  test('outside the tree are told', () => {
    expect(rows(full('app', boms('x:bom:1', 'x:${n}:1'), dependencies('a:b')))).toEqual([
      unresolved('"a:b" has no version, and nothing in the tree manages it; not in the tree: "x:bom:1", "x:${n}:1"'),
    ]);
  });
  test('of imports outside the tree', () => {
    const files = {
      'bom/pom.xml': full('bom', boms('x:y:1')),
      'pom.xml': full('app', boms('own:bom:1'), dependencies('a:b')),
    };
    expect(rows(files)).toEqual([
      unresolved('"a:b" has no version, and nothing in the tree manages it; not in the tree: "x:y:1"'),
    ]);
  });
  test('in a circle', () => {
    const files = {
      'x/pom.xml': full('x', boms('own:y:1'), managed('a:b:1')),
      'y/pom.xml': full('y', boms('own:x:1')),
      'pom.xml': full('app', boms('own:x:1'), dependencies('a:b', 'a:c')),
    };
    expect(rows(files)).toContain(invalid('what it imports goes round in a circle, at x'));
  });
  test('pomDepth (limit)', () => {
    const files = {
      'x/pom.xml': full('x', boms('own:y:1')),
      'y/pom.xml': full('y', managed('a:b:1')),
      'pom.xml': full('app', boms('own:x:1'), dependencies('a:b')),
    };
    expect(rows(files, 'pom.xml', { pomDepth: 2 })).toEqual(['a:b@1']);
    expect(rows(files, 'pom.xml', { pomDepth: 1 })).toContain(
      'limit-reached: more than 1 imports in imports (pomDepth)',
    );
  });
});

test('pomInheritance (limit): what poms inherit from each other', () => {
  const files = {
    'pom.xml': full('parent', managed('a:b:1', 'a:c:1', 'a:d:1'), dependencies('a:x:1')),
    'c/pom.xml': pom('c', parent('1'), dependencies('a:b')),
  };
  const least = [...Array(40).keys()].find(
    (pomInheritance) => !rows(files, 'c/pom.xml', { pomInheritance }).join().includes('(pomInheritance)'),
  )!;
  expect(least).toBeGreaterThan(3);
  expect(rows(files, 'c/pom.xml', { pomInheritance: least })).toEqual(['a:x@1', 'a:b@1']);
  expect(rows(files, 'c/pom.xml', { pomInheritance: least - 1 }).join()).toContain(
    'limit-reached: the poms of one tree inherit',
  );
});

describe('versions that depend on the day are told', () => {
  test.each(['[1,2)', '(,1]', '[1,)', 'LATEST', 'RELEASE'])('%s', (version) => {
    expect(rows(full('app', dependencies(`a:b:${version}`)))).toEqual([
      unresolved(`"a:b" has no version of its own, but asks for "${version}"`),
    ]);
  });
  test('one and nothing else is one', () => expect(rows(full('app', dependencies('a:b:[1.2]')))).toEqual(['a:b@1.2']));
});

test('modules of the tree are the project itself', () => {
  const files = {
    'a/pom.xml': full('a', dependencies('x:y:1')),
    'b/pom.xml': full('b', dependencies('own:a:1', 'own:a:0', 'own:c:${project.version}')),
    'c/pom.xml': pom('c', '<groupId>own</groupId><version>${unknown}</version>'),
  };
  expect(rows(files, 'b/pom.xml')).toEqual(['own:a@0']);
  expect(lockfileRows(mavenPom, { ...files, 'd/pom.xml': full('d', dependencies('own:a:1')) })['d/pom.xml']).toEqual(
    [],
  );
});

test('profiles: those that are active by default, and a word on others with dependencies', () => {
  const profile = (id: string, active: string, ...parts: string[]) => {
    return `<profile><id>${id}</id><activation><activeByDefault>${active}</activeByDefault></activation>${parts.join('')}</profile>`;
  };
  const profiles = [
    profile('on', 'true', properties({ v: '2' }), managed('a:c:4'), dependencies('a:b:${v}')),
    profile('off', 'false', properties({ v: '3' }), dependencies('a:d:1')),
    profile('empty', 'false', managed('a:c:5')),
  ];
  expect(
    rows(full('app', properties({ v: '1' }), dependencies('a:c'), `<profiles>${profiles.join('')}</profiles>`)),
  ).toEqual([
    'a:c@4',
    'a:b@2',
    'dependencies-unknown: its profile "off" has dependencies, which count where it is asked for',
  ]);
});

describe('which files', () => {
  test.each(['pom.xml', 'a/b/pom.xml'])('%s', (path) =>
    expect(readLockfiles(mavenPom, { [path]: '' })).toHaveLength(1),
  );
  test.each(['x/META-INF/maven/g/a/pom.xml', 'my-pom.xml', 'pom.xml.bak'])('not %s', (path) => {
    expect(readLockfiles(mavenPom, { [path]: '' })).toEqual([]);
  });
});

describe('flaws are told', () => {
  const unparsable = (message: string) => [`package-file-unparsable: ${message}`];
  test.each<[string, string, string[]]>([
    ['an empty file', '', unparsable('no XML: "document must contain a root element."')],
    ['another document', '<html/>', unparsable('no pom: its root is no project')],
    ['no artifact', '<project/>', unparsable('no pom: it has no artifactId')],
    [
      'a document type',
      `<!DOCTYPE project [<!ENTITY x "1">]>${full('app')}`.replace('<?xml version="1.0"?>', ''),
      unparsable('it has a document type, which is not read'),
    ],
    ['an entity', full('app', dependencies('a:b:&x;')), unparsable('no XML: "undefined entity."')],
    [
      'a dependency of nothing',
      full('app', '<dependencies><dependency/></dependencies>'),
      [invalid('a dependency without group or artifact: ":"')],
    ],
    ['no name', full('app', dependencies(':b:1')), [invalid('a dependency without group or artifact: ":b"')]],
    [
      'letters that no name has',
      full('app', dependencies('a:b\u200b:1')),
      [invalid('no package and version: "a:b\u200b" "1"')],
    ],
  ])('%s', (_, content, expected) => expect(rows(content)).toEqual(expected));

  test('a broken pom is no parent, and costs no other', () => {
    const files = { 'pom.xml': '<project>', 'c/pom.xml': pom('c', parent('1'), dependencies('a:b:1')) };
    expect(rows(files, 'c/pom.xml')).toEqual(['a:b@1']);
  });
  test('packageFileBytes (limit)', () => {
    const content = full('app', dependencies('a:b:1'));
    expect(rows(content, 'pom.xml', { packageFileBytes: content.length })).toEqual(['a:b@1']);
    expect(rows(content, 'pom.xml', { packageFileBytes: content.length - 1 })).toEqual([
      expect.stringMatching(/^limit-reached: .*packageFileBytes/),
    ]);
  });
});

test('four thousand modules of one large parent end soon, and what is too much is told', () => {
  const started = performance.now();
  const many = Array.from({ length: 2_000 }, (_, i) => `a:m${i}:1`);
  const files: Record<string, string> = { 'pom.xml': full('parent', managed(...many)) };
  for (let i = 0; i < 4_000; i++) files[`c${i}/pom.xml`] = pom(`c${i}`, parent('1'), dependencies('a:m0'));
  const units = readLockfiles(mavenPom, files);
  expect(units[1]!.packages).toHaveLength(1);
  expect(units.at(-1)!.gaps.map(({ code }) => code)).toContain('limit-reached');
  expect(performance.now() - started).toBeLessThan(20_000);
});
