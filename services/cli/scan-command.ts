import type { Command } from 'commander';
import { TARGET_FORMS } from '../domain/image/target.ts';
import { collect } from './collect.ts';
import { addEngineOptions } from './engine-options.ts';
import { addMatchingOptions } from './matching-options.ts';
import { OUTPUT_FORMATS } from './output-formats.ts';
import type { ScanCommandOptions } from './run-scan.ts';
import { addSbomOption, addScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';
import { addVerdictOptions } from './verdict-options.ts';

const EXAMPLES = `
Targets:
${TARGET_FORMS.map(([form, meaning]) => `  ${form.padEnd(42)}${meaning}`).join('\n')}

Examples:
  $ plimsoll scan alpine:3.22
  $ plimsoll scan --platform linux/arm64 ghcr.io/org/app@sha256:…
  $ echo "$PASSWORD" | plimsoll scan --username me --password-stdin registry.example.com/app:1
  $ plimsoll scan podman:localhost/app:1.2
  $ plimsoll scan --all podman: --format json=host.json
  $ plimsoll scan docker-archive:image.tar
  $ docker save app:1.2 | plimsoll scan docker-archive:-
  $ plimsoll scan --platform linux/arm64 oci-dir:./layout:latest
  $ plimsoll scan --format table --format json=report.json ./image.tar
  $ plimsoll scan --format table --format sarif=results.sarif dir:.
  $ plimsoll scan rootfs:/
  $ plimsoll scan dir:.
  $ plimsoll scan --db starter ./image.tar
  $ plimsoll scan --fail-on high --ignore-unfixed ./image.tar
  $ plimsoll scan --vex-key vendor.pub oci-dir:./layout:v1.2
  $ plimsoll scan --engine plimsoll,trivy ./image.tar
  $ plimsoll scan --use-sboms ./image.tar
  $ plimsoll scan --isolation process registry.example.com/unknown:1
  $ plimsoll scan --db none --format cyclonedx=app.cdx.json ./image.tar
  $ plimsoll scan sbom:app.cdx.json
  $ syft app:1.2 -o spdx-json | plimsoll scan sbom:- --format json

Exit codes: 0 pass; 2 fail; 3 unknown, and the report says why; 1 error.`;

export function addScanCommand(program: Command, session: Session, exit: (code: number) => void): void {
  const command = program
    .command('scan')
    .summary('list the packages and vulnerabilities of an image, an installed system, a project or an SBOM')
    .description(
      'List the packages and vulnerabilities of an image, an installed system, a project or an SBOM, with the layer and the instruction that brought each.',
    )
    .argument('<target>', 'what to read; see Targets')
    .option(
      '-f, --format <format[=file]>',
      `${OUTPUT_FORMATS.join(', ')}, to standard output or a file (repeatable; default table)`,
      collect,
    )
    .option('-o, --output <file>', 'write to this file instead of standard output')
    .option('--all', 'every image of docker:, podman: or containerd:, each content once')
    .option('--packages', 'list every package in the table, beside its vulnerabilities');
  addMatchingOptions(addEngineOptions(addVerdictOptions(addSbomOption(addScanOptions(command)))))
    .option('--no-policy', 'come to no verdict: exit 0 where everything was read, 3 where not')
    .addHelpText('after', EXAMPLES)
    .action(async (target: string, options: ScanCommandOptions) => {
      const { runScan } = await import('./run-scan.ts');
      exit(await runScan(session, target, options));
    });
}
