import { describe, expect, test } from 'vitest';
import { confirmationUrl, readSnsMessage, type SnsMessage } from './sns-message.ts';

const TOPIC = 'arn:aws:sns:us-west-2:123456789012:images';
const NOTIFICATION = {
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: TOPIC,
  Message: 'Hello\n"world"',
  Timestamp: '2026-01-02T03:04:05.678Z',
  SignatureVersion: '2',
  Signature: 'EXAMPLE=',
  SigningCertURL: 'https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb.pem',
};
const CONFIRMATION = {
  ...NOTIFICATION,
  Type: 'SubscriptionConfirmation',
  Token: '2336412f37f',
  SubscribeURL: 'http://169.254.169.254/latest/meta-data/',
};

const read = (changes: object = {}, base: object = NOTIFICATION) => readSnsMessage({ ...base, ...changes }, TOPIC);

describe('what is signed', () => {
  test('a notification: its fields by name, the subject where there is one', () => {
    expect(read()).toMatchObject({
      signed: `Message\nHello\n"world"\nMessageId\n22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324\nTimestamp\n2026-01-02T03:04:05.678Z\nTopicArn\n${TOPIC}\nType\nNotification\n`,
    });
    expect(read({ Subject: 'S' })).toMatchObject({ signed: expect.stringContaining('\nSubject\nS\nTimestamp\n') });
  });
  test('a confirmation: the address and the token too', () => {
    expect(read({}, CONFIRMATION)).toMatchObject({
      signed: expect.stringContaining('\nSubscribeURL\nhttp://169.254.169.254/latest/meta-data/\nTimestamp\n'),
      token: '2336412f37f',
    });
  });
});

describe('certificates come from SNS in the region of the topic', () => {
  test.each([
    'http://sns.us-west-2.amazonaws.com/a.pem',
    'https://sns.us-west-2.amazonaws.com.evil.example.org/a.pem',
    'https://sns.us-west-2.amazonaws.com:8443/a.pem',
    'https://user@sns.us-west-2.amazonaws.com/a.pem',
    'https://sns.us-west-2.amazonaws.com@evil.example.org/a.pem',
    'https://sns.us-west-2.amazonaws.com\\@evil.example.org/a.pem',
    'https://sns.us-west-2.amazonaws.com/../a.pem',
    'https://sns.us-west-2.amazonaws.com//evil.example.org/a.pem',
    'https://sns.us-west-2.amazonaws.com/a.pem?x=1',
    'https://sns.us-west-2.amazonaws.com/a.pem#x',
    'https://sns.us-west-2.amazonaws.com/a.txt',
    'https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe&x=.pem',
    'https://sns.us-east-1.amazonaws.com/a.pem',
    'https://sns.evil.example.org/us-west-2.amazonaws.com/a.pem',
    'https://evil.s3.amazonaws.com/a.pem',
    'https://169.254.169.254/a.pem',
    ' https://sns.us-west-2.amazonaws.com/a.pem',
    'file:///etc/passwd',
    null,
    ['https://sns.us-west-2.amazonaws.com/a.pem'],
  ])('%j is refused', (url) => {
    expect(read({ SigningCertURL: url })).toBe('its certificate is not at SNS in the region of its topic');
  });
});

describe('what is no message of the topic', () => {
  test.each([
    [{ Type: 'Other' }, 'no message of SNS'],
    [{ TopicArn: TOPIC.replace('images', 'other') }, 'another topic'],
    [{ SignatureVersion: '3' }, 'unknown version'],
    [{ SignatureVersion: 2 }, 'unknown version'],
    [{ Signature: '' }, 'no signature'],
    [{ Signature: 'é' }, 'no signature'],
    [{ Message: {} }, 'its Message is no text'],
    [{ Subject: 7 }, 'its Subject is no text'],
    [{ Timestamp: undefined }, 'no time'],
    [{ MessageId: [] }, 'no id'],
    [{ Type: 'SubscriptionConfirmation' }, 'its SubscribeURL is no text'],
  ])('%j', (changes, reason) => {
    expect(read(changes)).toContain(reason);
  });
});

describe('a subscription is confirmed at SNS, whatever address the message names', () => {
  test('made from the topic', () => {
    expect(confirmationUrl(read({}, CONFIRMATION) as SnsMessage)).toBe(
      'https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aus-west-2%3A123456789012%3Aimages&Token=2336412f37f',
    );
  });
  test.each(['a&Action=Unsubscribe', 'a b', '', '../', 'a'.repeat(1_025)])('a token %j is none', (Token) => {
    expect(confirmationUrl(read({ Token }, CONFIRMATION) as SnsMessage)).toBeNull();
  });
});
