/** One document of each VEX format that says of curl, in one version, that CVE-2024-0001 does not affect it. */

const PURL = 'pkg:deb/debian/curl@7.88.1-10?arch=amd64';

export const VEX_SAMPLES = {
  OpenVEX: {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://example.org/vex/1',
    author: 'Shop',
    timestamp: '2026-01-01T00:00:00Z',
    statements: [
      {
        vulnerability: { name: 'CVE-2024-0001', aliases: ['GHSA-1'] },
        products: [{ '@id': PURL, identifiers: { purl: PURL } }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
        impact_statement: 'It is not there.',
      },
    ],
  },
  CSAF: {
    document: {
      csaf_version: '2.0',
      category: 'csaf_vex',
      publisher: { name: 'Vendor' },
      tracking: { id: 'V-1', current_release_date: '2026-01-01T00:00:00Z' },
    },
    product_tree: {
      branches: [{ branches: [{ product: { product_id: 'curl', product_identification_helper: { purl: PURL } } }] }],
      relationships: [
        { product_reference: 'curl', relates_to_product_reference: 'os', full_product_name: { product_id: 'os:curl' } },
      ],
    },
    vulnerabilities: [
      {
        cve: 'CVE-2024-0001',
        product_status: { known_not_affected: ['curl', 'os:curl'], known_affected: ['elsewhere'] },
        flags: [{ label: 'component_not_present', product_ids: ['curl'] }],
        threats: [{ category: 'impact', details: 'It is not\nthere.' }],
      },
    ],
  },
  CycloneDX: {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
    metadata: { timestamp: '2026-01-01T00:00:00Z', authors: [{ name: 'Shop' }] },
    components: [{ type: 'library', name: 'curl', 'bom-ref': 'c-1', purl: PURL }],
    vulnerabilities: [
      {
        id: 'CVE-2024-0001',
        references: [{ id: 'GHSA-1' }],
        analysis: { state: 'not_affected', justification: 'code_not_reachable', detail: 'It is not there.' },
        affects: [{ ref: 'c-1', versions: [{ version: '7.88.1-10', status: 'unaffected' }] }],
      },
    ],
  },
} as const;
