import { describe, expect, it } from 'vitest';
import { cdx, cdxXml, library, readText, spdx, spdxPackage } from '../../../test/support/sboms.ts';

const RPM =
  'pkg:rpm/redhat/nodejs@12.22.12-1?arch=x86_64&epoch=1&distro=rhel-8.6&upstream=nodejs-12.22.12-1.src.rpm&rpmmod=nodejs:12';
const VERSIONS = ['1.2', '1.3', '1.4', '1.5', '1.6', '1.7'];

const EXPECTED = {
  tool: { name: 'maker', version: '2' },
  image: { os: { id: 'rhel', versionId: '8.6', prettyName: 'RHEL' } },
  packages: [
    {
      type: 'rpm',
      name: 'nodejs',
      version: '1:12.22.12-1',
      arch: 'x86_64',
      epoch: 1,
      modularity: 'nodejs:12',
      source: { name: 'nodejs', version: '12.22.12-1' },
      vendor: 'Red Hat',
      licenses: ['MIT AND ISC'],
      dependsOn: [],
    },
    {
      type: 'npm',
      name: '@scope/inner',
      version: '1.0.0',
      licenses: ['MIT', 'Custom <x>'],
      dependsOn: ['nodejs'],
      development: true,
      paths: ['app/x'],
      foundBy: ['maker'],
    },
  ],
  gaps: [],
};

describe('CycloneDX', () => {
  const inner = {
    type: 'library',
    'bom-ref': 'i',
    group: '@scope',
    name: 'inner',
    version: '1.0.0',
    scope: 'excluded',
    licenses: [{ license: { id: 'MIT' } }, { license: { name: 'Custom <x>' } }],
    purl: 'pkg:npm/%40scope/inner@1.0.0',
    properties: [{ name: 'aquasecurity:trivy:FilePath', value: '/app/x' }],
  };
  it.each(VERSIONS)('%s in JSON', (version) => {
    const tool = { name: 'maker', version: '2' };
    const tools = Number(version) < 1.5 ? [tool] : { components: [{ type: 'application', ...tool }] };
    const components = [
      { type: 'operating-system', name: 'redhat', version: '8.6', description: 'RHEL' },
      library('nodejs', {
        purl: RPM,
        version: '12.22.12-1',
        supplier: { name: 'Red Hat' },
        licenses: [{ expression: 'MIT AND ISC' }],
        components: [inner],
      }),
      { type: 'file', name: '/etc/passwd' },
    ];
    const dependencies = [{ ref: 'i', dependsOn: ['nodejs'] }];
    expect(readText(cdx({ metadata: { tools }, components, dependencies }, version))).toMatchObject({
      ...EXPECTED,
      format: 'cyclonedx-json',
      specVersion: version,
    });
  });

  it.each(VERSIONS)('%s in XML', (version) => {
    const tool = '<name>maker</name><version>2</version>';
    const tools =
      Number(version) < 1.5
        ? `<tool><vendor>v</vendor>${tool}</tool>`
        : `<components><component type="application">${tool}</component></components>`;
    const text = cdxXml(
      `<metadata><tools>${tools}</tools></metadata>
      <components>
        <component type="operating-system"><name>redhat</name><version>8.6</version><description>RHEL</description></component>
        <component type="library" bom-ref="nodejs">
          <supplier><name>Red Hat</name><url>https://example.org</url></supplier>
          <name>nodejs</name><version> 12.22.12-1 </version>
          <licenses><expression>MIT AND ISC</expression></licenses>
          <purl><![CDATA[${RPM}]]></purl>
          <pedigree><ancestors><component><name>not-this</name><purl>pkg:npm/not-this@1</purl></component></ancestors></pedigree>
          <components><component type="library" bom-ref="i">
            <group>@scope</group><name>inner</name><version>1.0.0</version><scope>excluded</scope>
            <licenses><license><id>MIT</id></license><license><name>Custom &lt;x&gt;</name><text>…</text></license></licenses>
            <purl>pkg:npm/%40scope/inner@1.0.0</purl>
            <properties><property name="aquasecurity:trivy:FilePath">/app/x</property></properties>
          </component></components>
        </component>
        <component type="file"><name>/etc/passwd</name></component>
      </components>
      <x:extra xmlns:x="urn:x"><components><component><name>nor-this</name></component></components></x:extra>
      <dependencies><dependency ref="i"><dependency ref="nodejs"/></dependency></dependencies>`,
      version,
    );
    expect(readText(text)).toMatchObject({ ...EXPECTED, format: 'cyclonedx-xml', specVersion: version });
    // A prefix for the namespace changes nothing.
    const prefixed = text.replace('xmlns=', 'xmlns:c=').replace(/<(\/?)(?=[a-z]+[ >/])(?!x:)/g, '<$1c:');
    expect(readText(prefixed)).toMatchObject(EXPECTED);
  });

  it('about a package lists that package, about an image not', () => {
    const about = (component: object) => readText(cdx({ metadata: { component }, components: [library('a')] }));
    expect(about(library('project')).packages.map(({ name }) => name)).toEqual(['a', 'project']);
    const digest = `sha256:${'a'.repeat(64)}`;
    const image = about({ type: 'container', name: 'app', purl: `pkg:oci/app@${encodeURIComponent(digest)}` });
    expect(image).toMatchObject({ digest, packages: [{ name: 'a' }], gaps: [] });
  });

  it('by Trivy has its layers', () => {
    const [base, top] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`);
    const property = (name: string, value = '') => ({ name: `aquasecurity:trivy:${name}`, value });
    const component = {
      type: 'container',
      name: 'app',
      properties: [property('DiffID', base), property('DiffID', top)],
    };
    const properties = [property('LayerDiffID', top), property('LayerDigest', base)];
    const read = readText(cdx({ metadata: { component }, components: [library('a', { properties })] }));
    expect(read.image.layers).toMatchObject([
      { diffId: base, digest: null },
      { diffId: top, digest: base },
    ]);
    expect(read).toMatchObject({ layersRead: 2, packages: [{ layer: 1 }] });
  });
});

describe('SPDX', () => {
  it.each(['SPDX-2.2', 'SPDX-2.3'])('%s in JSON', (version) => {
    const rpm = {
      externalRefs: [{ referenceCategory: 'PACKAGE_MANAGER', referenceType: 'purl', referenceLocator: RPM }],
      versionInfo: '12.22.12-1',
      supplier: 'Organization: Red Hat (security@example.org)',
      licenseDeclared: '(MIT AND ISC)',
    };
    const os = { SPDXID: 'SPDXRef-os', name: 'rhel', versionInfo: '8.6', primaryPackagePurpose: 'OPERATING_SYSTEM' };
    const relationships = [
      { spdxElementId: 'SPDXRef-a', relationshipType: 'DEV_DEPENDENCY_OF', relatedSpdxElement: 'SPDXRef-nodejs' },
    ];
    const text = spdx(
      {
        creationInfo: { creators: ['Organization: x', 'Tool: some-maker-v2.0'] },
        packages: [os, spdxPackage('nodejs', rpm), spdxPackage('a', { licenseDeclared: 'MIT AND LicenseRef-1' })],
        hasExtractedLicensingInfos: [{ licenseId: 'LicenseRef-1', extractedText: 'All rights', name: 'Mine' }],
        relationships,
      },
      version,
    );
    expect(readText(text)).toMatchObject({
      tool: { name: 'some-maker', version: 'v2.0' },
      image: { os: { id: 'rhel', versionId: '8.6' } },
      packages: [
        { type: 'rpm', version: '1:12.22.12-1', vendor: 'Red Hat', licenses: ['(MIT AND ISC)'], dependsOn: ['a'] },
        { type: 'npm', name: 'a', licenses: ['MIT', 'Mine'], development: true },
      ],
      gaps: [],
    });
  });

  it('in the tag-value form, with comments, texts and what belongs to files', () => {
    const read = readText(
      `\ufeffSPDXVersion: SPDX-2.2\r
# a comment
DocumentComment: <text>PackageName: not-this
PackageName: nor this</text>
Creator: Tool: maker-2
PackageName: a
SPDXID: SPDXRef-a
PackageVersion: 1
PackageLicenseDeclared: MIT
ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1
FileName: ./x
SPDXID: SPDXRef-file
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a
`,
    );
    expect(read).toMatchObject({
      format: 'spdx-tag-value',
      tool: { name: 'maker', version: '2' },
      packages: [{ name: 'a', version: '1', licenses: ['MIT'] }],
      gaps: [],
    });
    const odd = readText('SPDXVersion: SPDX-2.3\nCreator: Tool: a-1\nNoSuchTag: x\nrubbish\nPackageVersion: 1\n');
    expect(odd.gaps.map(({ code }) => code).sort()).toEqual([
      'no-packages',
      ...Array(3).fill('package-record-invalid'),
    ]);
  });
});

describe('the distribution', () => {
  it.each([
    ['pkg:apk/alpine/a@1?distro=3.20.1', 'alpine', '3.20.1'],
    ['pkg:deb/debian/a@1?distro=debian-12.5', 'debian', '12'],
    ['pkg:deb/debian/a@1?distro=trixie', 'debian', null],
    ['pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed', 'opensuse-tumbleweed', null],
    ['pkg:deb/ubuntu/a@1?distro=ubuntu-24.04', 'ubuntu', '24.04'],
    ['pkg:rpm/amazon/a@1?distro=amazon-2+(Karoo)', 'amzn', '2'],
    ['pkg:rpm/opensuse/a@1?distro=opensuse.leap-15.5', 'opensuse-leap', '15.5'],
    ['pkg:rpm/oracle/a@1?distro=oracle-9.3', 'ol', '9.3'],
    ['pkg:rpm/centos/a@1?distro=centos-7.9.2009', 'centos', '7'],
  ])('of %s', (purl, id, versionId) => {
    expect(readText(cdx({ components: [library('a', { purl })] })).image.os).toMatchObject({ id, versionId });
  });

  it('is unknown where packages disagree', () => {
    const purls = ['pkg:deb/debian/a@1?distro=debian-12', 'pkg:deb/debian/b@1?distro=debian-11'];
    const read = readText(cdx({ components: purls.map((purl) => library('x', { purl })) }));
    expect(read).toMatchObject({ image: { os: null }, gaps: [{ code: 'distribution-unknown' }] });
  });
});
