import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  // Started by URL, by npm or by hand, so that nothing imports them.
  entry: [
    'services/layer-worker.ts',
    'services/update-process.ts',
    'services/adapters/opa/policy-process.ts',
    'services/adapters/readers/sbom-thread.ts',
    'scripts/*.{ts,js}',
    'test/tools/build-go-tools.ts',
  ],
  project: ['{services,workers,webhooks,scripts,test,demo}/**/*.{ts,js}'],
  // Tests call what test/setup installs.
  exclude: ['binaries'],
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Locked together; each row goes as its first user lands.
  ignoreDependencies: [
    '@cyclonedx/cdxgen-plugins-bin-linux-amd64',
    '@cyclonedx/cyclonedx-library', // its schemas
    '@microsoft/jest-sarif', // its schema
  ],
};

export default config;
