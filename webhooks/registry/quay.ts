import type { RegistryHook } from './registry-hook.ts';

export const quay: RegistryHook = {
  kind: 'quay',
  contentTypes: ['application/json'],
  // Two pushes of a tag look the same: neither id nor time nor digest.
  senderId: () => null,
  instructions: ({ url }) => [
    'In each repository of Quay: Settings, "Create Notification":',
    '',
    '  Event:        Push to Repository',
    '  Notification: Webhook POST',
    `  Webhook URL:  ${url}`,
    '',
    'The last part of the address is a secret.',
  ],
};
