/** An SBOM by convention: of SPDX, of CycloneDX, and what Trivy and Syft look for. Nobody calls anything else so. */
const SURE = /\.(?:spdx|sbom|(?:spdx|cdx|cyclonedx|sbom)\.(?:json|xml|ya?ml|rdf))$|(?:^|[/-])sbom\.(?:json|xml)$/i;

/** Names that other files have too: what is in it decides. */
const POSSIBLE = /(?:^|[./-])(?:s?bom|spdx|cdx|cyclonedx)(?:\.(?:json|xml))?$/i;

/** Of all such names. */
const LAST_LETTERS = 'fFlLmMnNxX';

/** Whether a file by this name is an SBOM: `possible` where only its content tells. */
export function sbomName(path: string): 'sure' | 'possible' | null {
  // Asked for every file of a layer: most end in another letter.
  if (path === '' || !LAST_LETTERS.includes(path.at(-1)!)) return null;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (SURE.test(name)) return 'sure';
  return POSSIBLE.test(name) ? 'possible' : null;
}
