import { authenticationHeader, idOfEvents, type RegistryHook } from './registry-hook.ts';

export const harbor: RegistryHook = {
  kind: 'harbor',
  contentTypes: ['application/json', 'application/cloudevents+json'],
  senderId: idOfEvents,
  instructions: (setup) => [
    'In each project of Harbor: Webhooks, "New webhook":',
    '',
    '  Notify type:    http',
    '  Payload format: CloudEvents',
    '  Event type:     Artifact pushed, Artifact deleted, Tag created (where it is offered)',
    `  Endpoint URL:   ${setup.url}`,
    `  Auth header:    ${authenticationHeader(setup).value}`,
  ],
};
