import type { Advisory, AffectedPackage } from '../advisory.ts';
import type { Feed, FeedContext, FeedReading } from './feed.ts';
import { listOrEmpty, objectOrNull, parseForeignJson, textOrNull } from './foreign-json.ts';
import { packageEntry } from './package-entry.ts';
import { RefusalCounter } from './refusals.ts';

/**
 * secdb of Alpine (https://secdb.alpinelinux.org), Wolfi and Chainguard: of one repository the source packages, and the
 * version of each that fixes which vulnerabilities. It lists nothing that is not fixed. A fix in version `0` says that
 * no version is affected.
 */
export const alpineSecdb: Feed = {
  id: 'alpine-secdb',
  recognises: (_name, head) => /^\s*\{/.test(head) && /"(?:apkurl|reponame)"\s*:/.test(head),
  read: readSecdb,
};

function readSecdb(bytes: Uint8Array, { name, limits }: FeedContext): FeedReading {
  const refusals = new RefusalCounter();
  const document = objectOrNull(parseForeignJson(bytes));
  const ecosystem = document === null ? null : namespaceOf(document.distroversion, document.urlprefix);
  if (document === null || ecosystem === null) {
    refusals.malformed(
      document === null ? 'a secdb that is no JSON object' : 'a secdb that names no distribution',
      name,
    );
    return { advisories: [], refusals: refusals.list() };
  }
  const speaker = ecosystem.split(':', 1)[0]!.toLowerCase();
  const fixes = new Map<string, { aliases: Set<string>; affected: AffectedPackage[] }>();
  for (const item of listOrEmpty(document.packages)) {
    const pkg = objectOrNull(objectOrNull(item)?.pkg);
    const packageName = textOrNull(pkg?.name);
    if (pkg === null || packageName === null) {
      refusals.malformed('a package of a secdb without a name', name);
      continue;
    }
    for (const [fixed, listed] of Object.entries(objectOrNull(pkg.secfixes) ?? {})) {
      for (const text of listOrEmpty(listed)) {
        const [id, ...others] = idsOf(text);
        if (id === undefined || textOrNull(fixed, 256) === null) {
          refusals.malformed('a fix of a secdb that names no vulnerability', `${packageName} ${fixed}`);
          continue;
        }
        const known = fixes.get(id) ?? { aliases: new Set(), affected: [] };
        for (const other of others) known.aliases.add(other);
        if (known.affected.length >= limits.advisoryEntries) {
          refusals.malformed('a record past the limit advisoryEntries', id);
          continue;
        }
        known.affected.push(affectedBelow(ecosystem, packageName, fixed));
        fixes.set(id, known);
      }
    }
  }
  const advisories = Array.from(fixes, ([id, { aliases, affected }]): Advisory => {
    aliases.delete(id);
    return {
      id,
      aliases: [...aliases].sort(),
      source: 'alpine-secdb',
      url: urlOf(speaker, id),
      summary: null,
      published: null,
      modified: null,
      withdrawn: null,
      severities: [],
      affected,
    };
  });
  return { advisories, covers: [ecosystem], refusals: refusals.list() };
}

/** Alpine names its branch; Wolfi and Chainguard are told by where their packages lie. */
function namespaceOf(version: unknown, prefix: unknown): string | null {
  const branch = textOrNull(version, 64);
  if (branch !== null) return /^(?:v\d+\.\d+|edge)$/.test(branch) ? `Alpine:${branch}` : null;
  const host = /^https?:\/\/([^/:]+)/.exec(textOrNull(prefix) ?? '')?.[1] ?? '';
  if (/(?:^|\.)wolfi\.dev$/.test(host)) return 'Wolfi';
  return /(?:^|\.)cgr\.dev$/.test(host) ? 'Chainguard' : null;
}

/**
 * `CVE-2017-2616 (+ regression fix)`, `CVE-2022-1 # (BGP)`, `CVE-2021-1 XSA-1`, `CVE_2023-1`, `CVE-2017-17434-2`: ids, then
 * remarks. A CVE goes first.
 */
function idsOf(text: unknown): string[] {
  const [ids = ''] = (textOrNull(text) ?? '').split(/[(#]/, 1);
  const found = ids.split(/[\s,]+/).flatMap((word) => {
    const id = word.replace(/^CVE[_-]+(\d{4}-\d+).*/i, 'CVE-$1');
    return /^[A-Z][A-Za-z0-9]*[-_]?[\w.:-]*\d[\w.:-]*$/.test(id) ? [id] : [];
  });
  return [...new Set(found)].sort((a, b) => Number(b.startsWith('CVE-')) - Number(a.startsWith('CVE-')));
}

function affectedBelow(ecosystem: string, name: string, fixed: string): AffectedPackage {
  const never = fixed === '0';
  return packageEntry({ ecosystem, name, nameOf: 'source', status: never ? 'not_affected' : 'fixed', fixed });
}

function urlOf(speaker: string, id: string): string | null {
  if (speaker === 'alpine' && id.startsWith('CVE-')) return `https://security.alpinelinux.org/vuln/${id}`;
  return null;
}
