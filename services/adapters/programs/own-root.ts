/** Where the system keeps programs and their libraries; what of it there is. */
const SYSTEM = ['/usr', '/lib', '/lib32', '/lib64', '/bin', '/sbin'];

/*
 * For sh, in a mount namespace of its own: the root becomes a file system in memory that holds the paths up to `--` and nothing
 * else, none of them to be written, and the rest of the arguments is run in it, without what shells put into an environment. /sys is where it is put together, as everybody has one
 * and nothing here needs it. What is run has to give up its capabilities: with them it could leave (chroot(2)).
 */
const SCRIPT = `
set -e
root=/sys
mount -t tmpfs -o mode=755,size=1m own-root "$root"
while [ "$1" != -- ]; do
  mkdir -p "$root\${1%/*}"
  if [ -e "$root$1" ]; then
    : "it lies in a directory that is there"
  elif [ -L "$1" ]; then
    ln -s "$(readlink "$1")" "$root$1"
  elif [ -e "$1" ]; then
    if [ -d "$1" ]; then mkdir -p "$root$1"; else : > "$root$1"; fi
    mount -o bind,ro "$1" "$root$1"
  fi
  shift
done
shift
mount -o remount,bind,ro "$root"
cd "$root"
exec chroot . /usr/bin/env -i "$@"
`;

/** The words to put before a command line, which sees `paths` and the system's programs. */
export function ownRoot(sh: string, paths: readonly string[]): readonly string[] {
  // What lies in another comes after it.
  const ordered = paths.toSorted((a, b) => a.length - b.length);
  return [sh, '-c', SCRIPT, 'own-root', ...SYSTEM, ...ordered, '--'];
}
