import type { RegistryHook } from './registry-hook.ts';

const DELIVERY_ID = /^[0-9a-f-]{16,64}$/i;

export const ghcr: RegistryHook = {
  kind: 'ghcr',
  contentTypes: ['application/json'],
  // No signature covers the header. Who changes it and sends a delivery again has the same image looked at again, no more.
  senderId: ({ 'x-github-delivery': id }) => (typeof id === 'string' && DELIVERY_ID.test(id) ? id : null),
  instructions: ({ url, secret }) => [
    'In the organization (or in each repository whose packages count): Settings, Webhooks, "Add webhook":',
    '',
    `  Payload URL:  ${url}`,
    '  Content type: application/json',
    `  Secret:       ${secret}`,
    '  Events:       "Let me select individual events": Packages, Registry packages',
  ],
};
