import { existsSync, readFileSync } from 'node:fs';
import { PlimsollError } from '../domain/errors.ts';
import { isDigest } from '../domain/image/digest.ts';
import {
  type CachedVerdict,
  decodeVerdicts,
  encodeVerdicts,
  verdictsOfDocument,
} from '../domain/runtime/verdict-cache.ts';
import { writeStream } from './output.ts';
import { readReportDocument } from './read-report.ts';
import { replaceFile } from './replace-file.ts';
import type { Session } from './session.ts';

export interface AgentVerdictsOptions {
  readonly output: string;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly profile: readonly string[];
  readonly replace?: boolean;
}

/** Root alone may write it, everybody may read it. */
const MODE = 0o644;

/** `plimsoll agent verdicts`: what the start gate of this node knows, from reports and from a server. */
export async function runAgentVerdicts(
  session: Session,
  files: readonly string[],
  options: AgentVerdictsOptions,
): Promise<void> {
  const { output, server, tokenFile, profile, replace = false } = options;
  if (files.length === 0 && server === undefined && profile.length === 0)
    throw usage('name reports, a --server, or a --profile');
  if ((server === undefined) !== (tokenFile === undefined)) throw usage('--server and --token-file go together');
  const before = !replace && existsSync(output) ? decodeVerdicts(readFileSync(output, 'utf8'), output) : [];
  const fresh: CachedVerdict[] = [];
  for (const file of files) {
    const found = verdictsOfDocument((await readReportDocument(file)).document);
    if (found.length === 0)
      throw usage(`${file} says nothing of a start: it has no verdict, or its target has no digest`);
    fresh.push(...found);
  }
  if (server !== undefined) fresh.push(...(await session.serverVerdicts(server, tokenFile!)));
  const verdicts = withProfiles([...before, ...keepingProfiles(fresh, before)], profile);
  replaceFile(output, encodeVerdicts(verdicts), MODE);
  const counts = Map.groupBy(new Map(verdicts.map((each) => [each.digest, each])).values(), ({ decision }) => decision);
  const said = (['allow', 'deny', 'unknown'] as const).map(
    (decision) => `${counts.get(decision)?.length ?? 0} ${decision}`,
  );
  await writeStream(session.stdout, `${output}: ${said.join(', ')}\n`);
}

/** A new verdict does not forget the profile of its image. */
function keepingProfiles(fresh: readonly CachedVerdict[], before: readonly CachedVerdict[]): CachedVerdict[] {
  const profiles = new Map(before.map(({ digest, profile }) => [digest, profile]));
  return fresh.map((each) => ({ ...each, profile: profiles.get(each.digest) ?? null }));
}

function withProfiles(verdicts: readonly CachedVerdict[], given: readonly string[]): CachedVerdict[] {
  const profiles = new Map(
    given.map((text) => {
      const equals = text.indexOf('=');
      const [digest, name] = [text.slice(0, equals), text.slice(equals + 1)];
      if (!isDigest(digest) || !/^[a-z0-9](?:[a-z0-9.-]{0,53}[a-z0-9])?$/.test(name))
        throw usage(`--profile "${text}" is no DIGEST=NAME`);
      return [digest as string, name] as const;
    }),
  );
  const known = new Set(verdicts.map(({ digest }) => digest));
  const unjudged = [...profiles].filter(([digest]) => !known.has(digest));
  return [
    ...verdicts.map((each) => ({ ...each, profile: profiles.get(each.digest) ?? each.profile })),
    ...unjudged.map(([digest, profile]): CachedVerdict => {
      return { digest, decision: 'unknown', judgedSeconds: 0, profile, rule: null, text: 'it was not judged' };
    }),
  ];
}

function usage(message: string): PlimsollError {
  return new PlimsollError('USAGE', message);
}
