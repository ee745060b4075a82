import { z } from 'zod';
import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { versionInRange } from '../domain/verdict/version-range.ts';
import { parsePurl } from '../domain/vulnerabilities/purl-pattern.ts';
import { packageName } from '../pipeline/judged-image.ts';
import type { FoundPackage, PackageFinder, PackagePlace } from '../pipeline/store-ports.ts';
import { type Route, route } from './route.ts';
import { foundPackage, nothing, paged } from './shapes.ts';

export interface PackageRoutesDependencies {
  readonly packages: PackageFinder;
}

/** Where a package is. */
export function packageRoutes({ packages }: PackageRoutesDependencies): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/packages',
      summary: 'Which images hold this package, in this range of versions; by digest',
      role: 'viewer',
      params: nothing,
      query: paged.extend({
        after: z
          .string()
          .regex(/^sha\d{3}:[0-9a-f]{64,128}\/\d{1,9}$/)
          .optional()
          .describe('`next` of the part before'),
        purl: z.string().max(4_096).describe('A package URL; its version and qualifiers count for nothing'),
        range: z
          .string()
          .max(1_024)
          .optional()
          .describe('As in >=5.6.0 <5.6.2 || =5.7.0, by the order of the package type'),
        images: z
          .enum(['current', 'all'])
          .default('all')
          .describe(
            'current: those that a tag points to now; of files and the like what was scanned last by that name',
          ),
      }),
      body: null,
      status: 200,
      response: z.object({
        items: z.array(foundPackage),
        incomparable: z
          .array(foundPackage)
          .describe('In these nobody can tell: the version or the range does not compare'),
        next: z.string().nullable().describe('null: there is no more. A part may be short, or empty, and not the last'),
      }),
      audit: null,
      handle: async ({ query: { purl, range, images, limit, after } }) => {
        const name = packageName(purl);
        if (name === null || parsePurl(purl) === null) {
          throw new PlimsollError('USAGE', `"${purl}" is no package URL; write it as in pkg:deb/debian/openssl`);
        }
        // Versions are compared here, in the order of their ecosystem: of a range many may have to be looked at for one.
        const looked = range === undefined ? limit : LIMITS.apiPackagesFound;
        const found = await packages.packagesNamed({ name, images }, placeOf(after), looked + 1);
        const answer = { items: [] as object[], incomparable: [] as object[], next: null as string | null };
        for (const [index, { ordinal, ...item }] of found.entries()) {
          if (index === looked || answer.items.length + answer.incomparable.length === limit) {
            answer.next = cursorOf(found[index - 1]!);
            break;
          }
          const inside = range === undefined || versionInRange(item.type, item.version, range);
          if (inside === true) answer.items.push(item);
          if (inside === null) answer.incomparable.push(item);
        }
        return { body: answer };
      },
    }),
  ];
}

function cursorOf({ digest, ordinal }: FoundPackage): string {
  return `${digest}/${ordinal}`;
}

function placeOf(cursor: string | undefined): PackagePlace | null {
  if (cursor === undefined) return null;
  const [digest, ordinal] = cursor.split('/') as [string, string];
  return { digest, ordinal: Number(ordinal) };
}
