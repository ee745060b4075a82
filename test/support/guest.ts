import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolCache } from '../tools/go-tools.ts';
import { runToEnd } from './kernel.ts';

/** Series of kernels that guests run, as test/tools/fetch-guest-kernels has them. */
export const GUEST_SERIES = ['6.1', '6.12'] as const;
const KERNELS = join(toolCache(), 'kernels');
/** One processor: the kernel rewrites its own code while it runs, which QEMU's threads of several do not always follow. */
const PROCESSORS = '1';
/** Emulated, on a machine that does other things too. */
const MINUTES = 5;

/** The kernel of a series; null where none is cached. */
function kernelOf(series: string): string | null {
  const found = existsSync(KERNELS) ? readdirSync(KERNELS).filter((name) => name.startsWith(`vmlinuz-${series}.`)) : [];
  return found.length === 0 ? null : join(KERNELS, found.sort().at(-1)!);
}

/** What is missing to run a guest of the series; null: nothing. */
export function guestMissing(series: string): string | null {
  if (process.arch !== 'x64') return 'x64';
  const absent = ['qemu-system-x86_64', 'cpio', 'busybox'].filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  );
  if (absent.length > 0) return absent.join(', ');
  return kernelOf(series) === null ? `a kernel ${series} in ${KERNELS} (test/tools/fetch-guest-kernels)` : null;
}

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t cgroup2 cg /sys/fs/cgroup
ifconfig lo 127.0.0.1 up
say() { echo "=== $1 $2"; }
`;

/**
 * Boots a guest with these files in it, runs a script of sh, and answers with what it told by `say NAME VALUE`. It has no disk and no
 * network, and is switched off at the end.
 */
export async function runGuest(
  series: string,
  directory: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  script: string,
): Promise<Readonly<Record<string, string>>> {
  const root = join(directory, 'root');
  for (const folder of ['bin', 'proc', 'sys', 'dev', 'tmp', 'run']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(
    execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(),
    join(root, 'bin/busybox'),
  );
  for (const [path, source] of Object.entries(files)) {
    if (typeof source === 'string') copyFileSync(source, join(root, path));
    else writeFileSync(join(root, path), source);
  }
  // stty waits until all that was said has left the machine.
  writeFileSync(join(root, 'init'), `${INIT}${script}\nsay done yes\nstty -F /dev/ttyS0 sane\npoweroff -f\n`);
  chmodSync(join(root, 'init'), 0o755);
  const initrd = join(directory, 'initrd');
  execFileSync('sh', ['-c', 'find . | cpio -o -H newc > "$0"', initrd], { cwd: root, stdio: 'ignore' });
  const { stdout } = await runToEnd(
    'timeout',
    [
      String(MINUTES * 60),
      'qemu-system-x86_64',
      ...[
        '-M',
        'q35',
        '-accel',
        'tcg',
        '-cpu',
        'max',
        '-smp',
        PROCESSORS,
        '-m',
        '1024',
        '-nographic',
        '-nic',
        'none',
        '-no-reboot',
      ],
      ...[
        '-kernel',
        kernelOf(series)!,
        '-initrd',
        initrd,
        '-append',
        'console=ttyS0 quiet panic=-1 no_timer_check rdinit=/init',
      ],
    ],
    { timeoutMs: (MINUTES + 1) * 60_000 },
  );
  const told = Object.fromEntries(
    [...stdout.matchAll(/=== (\w+) (.*?)\r?\n/g)].map(([, name, value]) => [name!, value!]),
  );
  if (told.done !== 'yes') throw new Error(`the guest did not come to its end: ${stdout.slice(-2_000)}`);
  return told;
}
