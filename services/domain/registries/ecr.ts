import type { JsonObject } from '../image/json.ts';
import { objectOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { EventCollector } from './event-collector.ts';

const HOST = /^(?<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\./;

/**
 * Amazon ECR over EventBridge, directly or as the message of an SNS notification. One bus carries the events of many
 * services, and may carry those of other accounts and regions: only those of the registered registry count.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
export function readEcr(document: JsonObject, into: EventCollector, host: string | null): void {
  const detail = objectOrNull(document.detail);
  if (document.source !== 'aws.ecr' || document['detail-type'] !== 'ECR Image Action' || detail === null) {
    into.ignore('other');
    return;
  }
  const { account, region } = host === null ? {} : (HOST.exec(host)?.groups ?? {});
  if (host !== null && (document.account !== account || document.region !== region)) {
    into.flaw(`the event is of another registry than ${host}`);
    return;
  }
  const action = detail['action-type'];
  if (detail.result !== 'SUCCESS' || (action !== 'PUSH' && action !== 'DELETE')) {
    into.ignore('other');
    return;
  }
  into.add(
    {
      action: action === 'PUSH' ? 'push' : 'delete',
      repository: detail['repository-name'],
      tag: detail['image-tag'],
      digest: detail['image-digest'],
      eventId: document.id,
      occurredAt: document.time,
    },
    'detail',
  );
}
