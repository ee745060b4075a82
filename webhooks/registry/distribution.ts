import { authenticationHeader, type HookSetup, idOfEvents, type RegistryHook } from './registry-hook.ts';

/** v1 until 2.8, v2 since 3.0: the same events. */
export const ENVELOPE_TYPES = [
  'application/vnd.docker.distribution.events.v1+json',
  'application/vnd.docker.distribution.events.v2+json',
];

export const distribution: RegistryHook = {
  kind: 'distribution',
  contentTypes: ENVELOPE_TYPES,
  senderId: idOfEvents,
  instructions: (setup) => [
    'In the configuration of the registry (config.yml), then restart it:',
    '',
    'notifications:',
    '  events:',
    '    includereferences: false',
    '  endpoints:',
    ...endpointLines(setup, '    '),
    '      ignore:',
    '        mediatypes: [application/octet-stream]',
    '        actions: [pull]',
  ],
};

/** One endpoint in YAML. What fails is sent again every ten seconds, until it succeeds. */
function endpointLines(setup: HookSetup, indent: string): string[] {
  const { name, value } = authenticationHeader(setup);
  return [
    '- name: plimsoll',
    `  url: ${setup.url}`,
    '  headers:',
    `    ${name}: [${JSON.stringify(value)}]`,
    '  timeout: 5s',
    '  threshold: 3',
    '  backoff: 10s',
  ].map((line) => indent + line);
}
