import { authenticationHeader, idOfEvents, type RegistryHook } from './registry-hook.ts';

export const acr: RegistryHook = {
  kind: 'acr',
  contentTypes: ['application/json'],
  senderId: idOfEvents,
  instructions: (setup) => {
    const { name, value } = authenticationHeader(setup);
    return [
      'With the Azure CLI (or in the portal: Services, Webhooks, "Add"):',
      '',
      `  az acr webhook create --registry ${setup.registration.host.split('.')[0]} --name plimsoll \\`,
      `    --uri ${setup.url} \\`,
      `    --actions push delete --headers "${name}=${value}"`,
    ];
  },
};
