import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { encodeProfile } from '../../services/domain/runtime/encode-profile.ts';
import { FrameReader } from '../../services/domain/runtime/frame-reader.ts';
import { readProfile } from '../../services/domain/runtime/profile.ts';
import { sensorPrograms } from '../../services/domain/runtime/sensor-frame.ts';
import { tiersOf } from '../../services/domain/runtime/tiers.ts';
import { GUEST_SERIES, guestMissing, runGuest } from '../support/guest.ts';
import { ACT, buildSensor, CALLS, CANARY, kernelTests, SENSOR } from '../support/kernel.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** The very binary that is built here, in kernels that are older. */

const PROFILE = {
  name: 'test',
  exec: { deny: ['/bin/canary'], denyOrigins: ['memory'] },
  connect: { deny: [{ to: '127.0.0.1' }] },
  listen: { default: 'deny', allow: [{ port: 80 }] },
  file: { deny: ['/etc/', '/tmp/only'], allow: ['/etc/ok', '/etc/sub/'] },
};

const SCRIPT = `
C=/sys/fs/cgroup/watch/box
mkdir /sys/fs/cgroup/watch
say probe "$(plimsoll-sensor probe --cgroup-root /sys/fs/cgroup/watch)"
mkfifo /tmp/in; (sleep 1000 > /tmp/in &)
plimsoll-sensor run --cgroup-root /sys/fs/cgroup/watch --pins /run/pins < /tmp/in > /tmp/frames &
for i in $(seq 120); do [ -s /tmp/frames ] && break; sleep 1; done
plimsoll-sensor load --pins /run/pins < /profile
say load $?
mkdir $C
sh -c "echo \\$\\$ > $C/cgroup.procs; exec sleep 1000" & P=$!
sleep 1
hook() { echo "{\\"id\\":\\"box\\",\\"pid\\":$P}" | plimsoll-sensor hook --pins /run/pins --profile test --on-missing refuse "$@"; }
hook --mode enforce --file enforce
say hook $?
inside() { sh -c 'echo $$ > /sys/fs/cgroup/watch/box/cgroup.procs; exec "$@"' sh "$@"; }
inside canary
say exec "$? $(ls -d /tmp/ran)"
inside act memory /bin/act nothing
say memory $?
say connect "$(inside act connect 127.0.0.1 9) $(inside act connect ::ffff:127.0.0.1 9) $(inside act connect 127.0.0.2 9) $(inside act udp-send 127.0.0.1 9)"
mkdir -p /etc/sub; for i in etc/ok etc/no etc/sub/a tmp/only tmp/only2; do echo a > /$i; done; ln -s /etc/no /tmp/link; printf '#!/bin/canary\\n' > /tmp/script; chmod +x /tmp/script
write() { inside sh -c 'echo x > "$0"' $1 2>/dev/null; echo -n "$? "; }
say file "$(write /etc/ok; write /etc/no; write /etc/sub/a; write /tmp/link; write /tmp/only; write /tmp/only2; write /etc/new)"
say read "$(inside cat /etc/no) $(cat /etc/ok)"
inside truncate -s 0 /etc/no; say truncate "$? $(cat /etc/no)"
inside /tmp/script; say script "$? $(ls -d /tmp/ran)"
echo y > /etc/no; say fileoutside "$(cat /etc/no)"
plimsoll-sensor load --pins /run/pins < /selftest
say selftest "$(plimsoll-sensor selftest --cgroup-root /sys/fs/cgroup/watch --pins /run/pins --profile selftest --mode enforce --file enforce)"
say bind "$(inside act bind 0.0.0.0 81) $(inside act bind 0.0.0.0 80)"
inside act listen > /tmp/port &
for i in $(seq 60); do [ -s /tmp/port ] && break; sleep 1; done
say arrive "$(act try-connect 127.0.0.1 $(cat /tmp/port))"
canary
say outside "$? $(ls -d /tmp/ran)"
mkdir /sys/fs/cgroup/watch/free /tmp/files
free() { sh -c 'echo $$ > /sys/fs/cgroup/watch/free/cgroup.procs; exec "$@"' sh "$@"; }
free calls files /tmp/files; FILES=$?
free calls rights; RIGHTS=$?
free calls sockets > /dev/null; say calls "$FILES $RIGHTS $?"
rm /run/pins/link-sendmsg6
hook --connect enforce
say unattached "$?"
hook --exec enforce
say attached "$?"
sleep 1
say frames "$(gzip -c /tmp/frames | base64 | tr -d '\\n')"
`;

describe.each(GUEST_SERIES)('Linux %s', (series) => {
  const missing = guestMissing(series);
  const kernel = kernelTests('in a guest');
  const name = missing === null ? kernel.name : `in a guest (skipped: needs ${missing})`;

  describe.skipIf(kernel.skip || missing !== null)(name, () => {
    beforeAll(buildSensor);

    test('the same binary loads all its programs, and stops and tells the same', { timeout: 600_000 }, async () => {
      const encoded = (document: object) => encodeProfile(readProfile(document, 'test'), 'test').bytes;
      const profile = encoded(PROFILE);
      const selftest = encoded({
        name: 'selftest',
        exec: { deny: ['/bin/plimsoll-sensor'] },
        connect: { default: 'deny' },
        listen: { default: 'deny' },
        file: { default: 'deny' },
      });
      const files = {
        'bin/plimsoll-sensor': SENSOR,
        'bin/act': ACT,
        'bin/canary': CANARY,
        'bin/calls': CALLS,
        profile,
        selftest,
      };
      const { probe, frames, ...told } = await runGuest(series, await temporaryDirectory(), files, SCRIPT);
      const { programs } = sensorPrograms.parse(JSON.parse(probe!));
      // Debian's kernels let BPF decide.
      expect(programs.filter(({ refusedAt }) => refusedAt !== null)).toEqual([]);
      expect(tiersOf({ programs }).map(({ control, tier }) => `${control} ${tier}`)).toEqual([
        'exec denied',
        'connect denied',
        'listen denied',
        'file denied',
      ]);
      expect(told).toEqual({
        load: '0',
        hook: '0',
        exec: '126 ',
        memory: '1',
        file: '0 1 0 1 1 0 1 ',
        read: 'a x',
        truncate: '1 a',
        script: '126 ',
        fileoutside: 'y',
        selftest: JSON.stringify({
          tries: ['exec', 'file', 'listen', 'connect'].map((control) => ({ control, outcome: 'denied', errno: 1 })),
        }),
        connect: '1 1 111 1',
        bind: '1 0',
        arrive: '110',
        outside: '42 /tmp/ran',
        unattached: '1',
        attached: '0',
        calls: '0 0 0',
        done: 'yes',
      });

      const read = new FrameReader(LIMITS).push(gunzipSync(Buffer.from(frames!, 'base64')));
      expect(read.filter(({ type }) => !['event', 'status', 'counters'].includes(type))).toEqual([]);
      const events = read.flatMap((frame) => (frame.type === 'event' ? [frame.event] : []));
      const stopped = events.filter(({ verdict }) => verdict !== 'observed');
      expect(stopped.map((event) => [event.kind, event.verdict, event.process?.command ?? null])).toEqual(
        expect.arrayContaining([
          ['exec', 'denied', 'sh'],
          ['open', 'denied', 'sh'],
          ['open', 'denied', 'truncate'],
          ['connect', 'denied', 'act'],
          ['send', 'denied', 'act'],
          ['bind', 'denied', 'act'],
          ['arrive', 'denied', null],
        ]),
      );
      expect(events.find((event) => event.kind === 'exec' && event.path === '/bin/canary')).toMatchObject({
        verdict: 'denied',
        name: expect.stringContaining('canary'),
        pathCut: false,
        // All of them, in whatever words this kernel keeps them.
        capabilities: expect.any(BigInt),
        process: { userId: 0, parent: { id: expect.any(Number) } },
      });
      const calls = events.flatMap((event) =>
        'call' in event ? [[event.kind, event.error, event.file?.path ?? null]] : [],
      );
      expect(calls).toEqual(
        expect.arrayContaining([
          ['create', null, '/tmp/files/made'],
          ['open', null, '/tmp/files/made'],
          ['open', 'ENOENT', '/tmp/files/absent/made'],
          ['rename', null, '/tmp/files/folder/again'],
          ['chmod', null, '/tmp/files/made'],
          ['namespace', null, null],
          ['coverage', null, null],
        ]),
      );
      const ends = events.flatMap((event) =>
        event.kind === 'connected' && event.process?.command === 'calls' ? [event.error] : [],
      );
      expect(ends).toEqual([null, null, null, 'ECONNREFUSED', 'ENETUNREACH', null]);
      expect(
        events.flatMap((event) => (event.kind === 'listen' || event.kind === 'accept' ? [event.kind] : [])),
      ).toEqual(expect.arrayContaining(['listen', 'accept']));
      const [exec] = events.filter((event) => event.kind === 'exec');
      expect(exec!.kind === 'exec' && (exec!.capabilities >> 21n) & 1n).toBe(1n); // CAP_SYS_ADMIN
      expect(exec!.kind === 'exec' && exec!.file.changedNs).toBeGreaterThan(0n);
    });
  });
});
