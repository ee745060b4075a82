import { authenticationHeader, idOfEvents, type RegistryHook } from './registry-hook.ts';

const PATTERN =
  '{"source":["aws.ecr"],"detail-type":["ECR Image Action"],"detail":{"action-type":["PUSH","DELETE"],"result":["SUCCESS"]}}';

export const ecr: RegistryHook = {
  kind: 'ecr',
  // SNS sends text/plain unless its delivery policy says otherwise.
  contentTypes: ['application/json', 'text/plain'],
  senderId: idOfEvents,
  instructions: (setup) => {
    const { webhook } = setup.registration;
    const rule = [
      'In the account and region of the registry, a rule of EventBridge with this pattern:',
      '',
      `  ${PATTERN}`,
      '',
    ];
    if (webhook.method === 'sns') {
      return [
        ...rule,
        `Its target is the SNS topic ${webhook.topic}, input "Matched event". Then, while Plimsoll runs (it confirms the`,
        'subscription itself):',
        '',
        `  aws sns set-topic-attributes --topic-arn ${webhook.topic} \\`,
        '    --attribute-name SignatureVersion --attribute-value 2',
        `  aws sns subscribe --topic-arn ${webhook.topic} --protocol https \\`,
        `    --notification-endpoint ${setup.url}`,
      ];
    }
    const { name, value } = authenticationHeader(setup);
    const user = webhook.method === 'basic' ? webhook.username : null;
    return [
      ...rule,
      'Its target is an API destination with this connection:',
      '',
      `  Endpoint:      ${setup.url}`,
      '  Method:        POST',
      ...(user === null
        ? ['  Authorization: API key', `  API key name:  ${name}`, `  Value:         ${value}`]
        : ['  Authorization: Basic', `  Username:      ${user}`, `  Password:      ${setup.secret}`]),
    ];
  },
};
