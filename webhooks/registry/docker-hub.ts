import type { RegistryHook } from './registry-hook.ts';

export const dockerHub: RegistryHook = {
  kind: 'docker-hub',
  contentTypes: ['application/json'],
  senderId: () => null,
  instructions: ({ url }) => [
    'In each repository of Docker Hub: Webhooks, "Create":',
    '',
    '  Webhook name: plimsoll',
    `  Webhook URL:  ${url}`,
    '',
    'The last part of the address is a secret.',
  ],
};
