import { Writable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeBackup } from '../../services/adapters/store/backup.ts';
import { copyEmbedded, findEmbedded } from '../../services/adapters/store/embedded-binaries.ts';
import { STORE_TABLES } from '../../services/adapters/store/migrate.ts';
import { openStore, type Store } from '../../services/adapters/store/open-store.ts';
import type { PrivatePostgres } from '../../services/adapters/store/private-postgres.ts';
import { restoreBackup } from '../../services/adapters/store/restore.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { anotherDigest, judgedSample } from '../support/judged-images.ts';
import { clusterDirectory, POSTGRES, startPostgres } from '../support/private-postgres.ts';

const EMBEDDED = findEmbedded();
const missing = POSTGRES === null || EMBEDDED === null;

class Collected extends Writable {
  readonly pieces: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(chunk);
    done();
  }
  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

const quiet = (): void => {};

describe.skipIf(missing)(`a backup${missing ? ' (needs the system’s PostgreSQL and the embedded one)' : ''}`, () => {
  let source: PrivatePostgres;
  let target: PrivatePostgres;
  let store: Store;
  let beside: pg.Pool;
  const digest = anotherDigest();
  const odd = 'a "quoted" text, a back\\slash, a line\nand a letter outside of the BMP: 𝄞';

  beforeAll(async () => {
    source = await startPostgres();
    const directory = clusterDirectory();
    // The other major: its programs come from npm.
    target = await startPostgres({ directory, binaries: await copyEmbedded(EMBEDDED!, `${directory}/programs`) });
    store = await openStore(source.connection, quiet);
    beside = new pg.Pool({ ...target.connection, max: 1 });
    beside.on('error', quiet);
    const events = [{ action: 'push', repository: 'team/app', tag: 'v1', digest, at: null }] as const;
    const payload = { target: odd };
    await store.deliveries.record({ registry: 'hub', senderId: 's', bodyDigest: digest, events, ignored: 2 }, [
      { kind: 'scan', key: odd, payload, priority: 5 },
    ]);
    const [job] = await store.jobs.waiting(1);
    const { revision } = await store.terms();
    const image = judgedSample(digest, 'fail', { document: JSON.stringify({ odd }) });
    const begun = (await store.jobs.begin(job!.id, 'worker'))!;
    await store.images.storeAndSettle(begun, { reference: odd, indexDigest: null, images: [image], revision }, {});
    await store.access.addToken({ name: 'ci', role: 'viewer', secretDigest: 'ab'.repeat(32), expiresAt: null });
    const exception = {
      vulnerability: 'CVE-1',
      packages: ['pkg:deb/x'],
      reason: 'r',
      owner: 'o',
      expires: '2199-01-01',
    };
    await store.exceptions.addException(exception, 'token:1');
    await store.access.audit({
      actor: 'system',
      action: 'a',
      subject: odd,
      outcome: 'done',
      address: null,
      requestId: null,
    });
    const manifest = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const policy = { name: 'own', digest, builtin: false, rules: [] };
    await store.policies.addBundle({ manifest, wasm: manifest }, policy, 'token:1');
  });
  afterAll(async () => {
    await store?.close();
    await beside?.end();
    await source?.stop();
    await target?.stop();
  });
  beforeEach(async () => {
    await beside.query('drop schema public cascade; create schema public');
    await (await openStore(target.connection, quiet)).close();
  });

  const backup = async (connection: pg.ClientConfig = source.connection, tokens = true): Promise<Buffer> => {
    const output = new Collected();
    await writeBackup(connection, output, { tokens, onTable: quiet });
    return output.bytes;
  };
  const restore = async (bytes: Uint8Array, { replace = false, lineBytes = LIMITS.backupLineBytes as number } = {}) =>
    await restoreBackup(
      target.connection,
      (async function* () {
        yield bytes;
      })(),
      { replace, lineBytes, onTable: quiet },
    );
  /** All rows of all tables, but for when migrations were applied. */
  const content = async (connection: pg.ClientConfig): Promise<Record<string, unknown[]>> => {
    const client = new pg.Client(connection);
    await client.connect();
    try {
      const all: Record<string, unknown[]> = {};
      for (const table of STORE_TABLES) {
        all[table] = (
          await client.query(`select to_jsonb(row) as row from "${table}" row order by to_jsonb(row)::text`)
        ).rows;
      }
      return all;
    } finally {
      await client.end();
    }
  };
  const lines = (bytes: Buffer): string[] => gunzipSync(bytes).toString().split('\n');
  const packed = (text: readonly string[]): Buffer => gzipSync(text.join('\n'));

  it('restored into another major has every row as it was, and goes on counting', async () => {
    const { rows } = await beside.query('show server_version_num');
    expect(Math.floor(Number(rows[0].server_version_num) / 10_000)).toBe(EMBEDDED!.major);
    await restore(await backup());
    const before = await content(source.connection);
    for (const table of ['jobs', 'deliveries', 'tag_history', 'manifests', 'images', 'reports', 'report_packages'])
      expect(before[table]).not.toEqual([]);
    expect(await content(target.connection)).toEqual(before);
    const restored = await openStore(target.connection, quiet);
    try {
      expect(await restored.images.report(digest)).toEqual(await store.images.report(digest));
      expect(await restored.access.holder('ab'.repeat(32))).toMatchObject({ name: 'ci' });
      const [job] = await restored.jobs.request([{ kind: 'scan', key: 'next', payload: {}, priority: 5 }]);
      expect((await restored.jobs.jobs({}, { limit: 1, after: null })).items[0]!.id).toBe(job!.id);
    } finally {
      await restored.close();
    }
    // And back, into the older one's kind: the same bytes, but for when.
    const [first, again] = [lines(await backup()), lines(await backup(source.connection))];
    expect(again.slice(1, -2)).toEqual(first.slice(1, -2));
  });

  it('is refused where something is stored, unless that may be replaced', async () => {
    const bytes = await backup();
    await beside.query("insert into audit_log (actor, action, subject, outcome) values ('a', 'kept', 's', 'done')");
    await expect(restore(bytes)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('audit_log'),
    });
    expect((await beside.query("select from audit_log where action = 'kept'")).rowCount).toBe(1);
    await restore(bytes, { replace: true });
    expect((await beside.query("select from audit_log where action = 'kept'")).rowCount).toBe(0);
    expect(await content(target.connection)).toEqual(await content(source.connection));
  });

  it('leaves the tokens out where it is told to', async () => {
    await restore(await backup(source.connection, false));
    expect((await beside.query('select from api_tokens')).rowCount).toBe(0);
    expect((await beside.query('select from reports')).rowCount).toBe(1);
  });

  it('that is damaged, cut, or somebody else’s changes nothing', async () => {
    const whole = await backup();
    await beside.query("insert into audit_log (actor, action, subject, outcome) values ('a', 'kept', 's', 'done')");
    const kept = await content(target.connection);
    const text = lines(whole);
    const at = (start: string): number => text.findIndex((line) => line.startsWith(start));
    const without = (index: number): string[] => text.toSpliced(index, 1);
    const changed = (index: number, line: string): string[] => text.with(index, line);
    const damaged: readonly (readonly [string, Buffer, string])[] = [
      ['no gzip', Buffer.from('plimsoll'), 'cannot be unpacked'],
      ['nothing', Buffer.alloc(0), 'cannot be unpacked'],
      ['cut in the middle', whole.subarray(0, whole.length / 2), 'cannot be unpacked'],
      ['cut behind a row', packed([...text.slice(0, at('{"table":"images"')), '']), 'breaks off'],
      ['a row less', packed(without(at('{"table":"audit_log"') + 1)), 'checksum'],
      ['another value', packed(text.map((line) => line.replace('"fail"', '"pass"'))), 'checksum'],
      ['another format', packed(changed(0, text[0]!.replace('backup-1', 'backup-2'))), 'first line'],
      ['a later version', packed(changed(0, text[0]!.replace(/"\]/, '","9999-later"]'))), 'later one'],
      [
        'a table of others',
        packed(changed(at('{"table":"jobs"'), '{"table":"pg_authid","columns":["rolname"]}')),
        'pg_authid',
      ],
      ['columns of others', packed(changed(at('{"table":"jobs"'), '{"table":"jobs","columns":["id"]}')), 'jobs'],
      [
        'a value that does not fit',
        packed(text.map((line) => line.replace('"fail"', '"maybe"'))),
        'PostgreSQL refuses',
      ],
      ['more behind its end', packed([...text.slice(0, -1), '{}', '']), 'follows its end'],
    ];
    for (const [what, bytes, why] of damaged) {
      const refused = await restore(bytes, { replace: true }).then(
        () => null,
        (error) => error,
      );
      expect([what, refused?.code]).toEqual([what, 'BACKUP_INVALID']);
      expect(refused.message).toContain(why);
    }
    expect(await content(target.connection)).toEqual(kept);
  });

  it('is not made of what is no store, nor of one whose tables it does not know', async () => {
    await beside.query("insert into kysely_migration values ('9999-later', 'now')");
    await expect(backup(target.connection)).rejects.toMatchObject({
      code: 'STORE_UNUSABLE',
      message: expect.stringContaining('9999-later'),
    });
    await beside.query('drop schema public cascade; create schema public');
    await expect(backup(target.connection)).rejects.toMatchObject({ code: 'STORE_UNUSABLE' });
  });

  it('of an older Plimsoll is brought up to date', async () => {
    const text = lines(await backup());
    const head = JSON.parse(text[0]!);
    const { createHash } = await import('node:crypto');
    const old = [
      JSON.stringify({ ...head, plimsoll: '0.0.1', migrations: head.migrations.slice(0, 2) }),
      '{"table":"images","columns":["digest","seq","is_index","platform","reference","first_scanned_at","last_scanned_at"]}',
      `["${digest}","7","false","linux/amd64","old","2024-01-01 00:00:00+00","2024-01-01 00:00:00+00"]`,
    ];
    const sum = createHash('sha256')
      .update(old.map((line) => `${line}\n`).join(''))
      .digest('hex');
    await restore(packed([...old, JSON.stringify({ end: { images: 1 }, digest: `sha256:${sum}` }), '']));
    const restored = await openStore(target.connection, quiet);
    expect(await restored.images.image(digest)).toMatchObject({ reference: 'old', verdict: null });
    expect((await restored.rescans.changes({}, { limit: 1, after: null })).items).toEqual([]);
    await restored.close();
  });

  it('has no line longer than backupLineBytes', async () => {
    const bytes = await backup();
    const longest = Math.max(...lines(bytes).map((line) => Buffer.byteLength(line)));
    await restore(bytes, { lineBytes: longest });
    const refused = restore(bytes, { replace: true, lineBytes: longest - 1 });
    await expect(refused).rejects.toMatchObject({
      code: 'BACKUP_INVALID',
      message: expect.stringContaining('backupLineBytes'),
    });
  });
});
