import type { JsonObject } from '../image/json.ts';

/** arn:aws:sns:REGION:ACCOUNT:NAME */
export const SNS_TOPIC = /^arn:aws:sns:(?<region>[a-z]{2}(?:-[a-z]+)+-\d):\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/;

/** What of an Amazon SNS message counts. Nothing of it holds before its signature does. */
export interface SnsMessage {
  readonly type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly messageId: string;
  readonly topic: string;
  /** As it is signed: RFC 3339. */
  readonly timestamp: string;
  readonly signatureVersion: '1' | '2';
  readonly signature: string;
  /** https://sns.REGION.amazonaws.com/…pem, of the region of the topic. */
  readonly certificateUrl: string;
  /** The text that the signature is over. */
  readonly signed: string;
  /** Of a confirmation. */
  readonly token: string | null;
}

const TYPES = ['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation'] as const;

/**
 * The message of a registered topic; in one clause why it is none.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
 */
export function readSnsMessage(document: JsonObject, topic: string): SnsMessage | string {
  const type = TYPES.find((each) => each === document.Type);
  const { MessageId, TopicArn, Timestamp, SignatureVersion, Signature, SigningCertURL, Token } = document;
  if (type === undefined) return 'it is no message of SNS';
  if (TopicArn !== topic) return 'it is of another topic';
  if (SignatureVersion !== '1' && SignatureVersion !== '2') return 'its signature is of an unknown version';
  if (typeof Signature !== 'string' || !/^[A-Za-z0-9+/]{4,2048}={0,2}$/.test(Signature)) return 'it has no signature';
  if (!isCertificateUrl(SigningCertURL, topic)) return 'its certificate is not at SNS in the region of its topic';
  if (typeof MessageId !== 'string' || typeof Timestamp !== 'string') return 'it has no id or no time';
  const confirmation = type !== 'Notification';
  const names = confirmation
    ? ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
    : ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
  const lines: string[] = [];
  for (const name of names) {
    const value = document[name];
    if (name === 'Subject' && (value === undefined || value === null)) continue;
    if (typeof value !== 'string') return `its ${name} is no text`;
    lines.push(`${name}\n${value}\n`);
  }
  return {
    type,
    messageId: MessageId,
    topic,
    timestamp: Timestamp,
    signatureVersion: SignatureVersion,
    signature: Signature,
    certificateUrl: SigningCertURL,
    signed: lines.join(''),
    token: confirmation ? (Token as string) : null,
  };
}

/** SNS of the region of the topic, over TLS, and a certificate: no part of it is the sender's to choose. */
function isCertificateUrl(value: unknown, topic: string): value is string {
  if (typeof value !== 'string') return false;
  const file = /^[A-Za-z0-9_-]{1,200}\.pem$/;
  const start = `${endpointOf(topic)}/`;
  return value.startsWith(start) && file.test(value.slice(start.length));
}

/**
 * Where a subscription to a registered topic is confirmed (API action ConfirmSubscription). Made from the topic, not taken
 * from the message; null where the token is none.
 */
export function confirmationUrl({ topic, token }: SnsMessage): string | null {
  if (token === null || !/^[A-Za-z0-9]{1,1024}$/.test(token)) return null;
  return `${endpointOf(topic)}/?Action=ConfirmSubscription&TopicArn=${encodeArn(topic)}&Token=${token}`;
}

function endpointOf(topic: string): string {
  return `https://sns.${SNS_TOPIC.exec(topic)?.groups?.region}.amazonaws.com`;
}

/** The colon is the only character of a topic's ARN that a query escapes. */
function encodeArn(topic: string): string {
  return topic.replaceAll(':', '%3A');
}
