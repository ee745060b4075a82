import { ENVELOPE_TYPES } from './distribution.ts';
import { authenticationHeader, idOfEvents, type RegistryHook } from './registry-hook.ts';

export const gitlab: RegistryHook = {
  kind: 'gitlab',
  contentTypes: ENVELOPE_TYPES,
  senderId: idOfEvents,
  instructions: (setup) => {
    const { name, value } = authenticationHeader(setup);
    return [
      'Of a self-managed GitLab (the hosted one sends no events: its repositories are swept). In /etc/gitlab/gitlab.rb, then',
      '"gitlab-ctl reconfigure":',
      '',
      "registry['notifications'] = [",
      '  {',
      "    'name' => 'plimsoll',",
      `    'url' => '${setup.url}',`,
      "    'timeout' => '5s',",
      "    'threshold' => 3,",
      "    'backoff' => '10s',",
      `    'headers' => { '${name}' => ['${value}'] }`,
      '  }',
      ']',
    ];
  },
};
