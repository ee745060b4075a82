/* SPDX-License-Identifier: Apache-2.0 */
#include "pins.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

static int fail(const char *directory, const char *why)
{
	fprintf(stderr, "plimsoll-sensor: --pins %s: %s\n", directory, why);
	return 1;
}

int pins_prepare(const char *directory)
{
	struct statfs system;
	struct stat found;

	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		return fail(directory, strerror(errno));
	if (lstat(directory, &found) != 0 || statfs(directory, &system) != 0)
		return fail(directory, strerror(errno));
	if (!S_ISDIR(found.st_mode) || found.st_uid != 0 || (found.st_mode & 0022) != 0)
		return fail(directory, "must be a directory that root owns and nobody else may write");
	if (system.f_type != BPF_FS_MAGIC &&
	    mount("plimsoll", directory, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0)
		return fail(directory, strerror(errno));
	if (stat(directory, &found) != 0)
		return fail(directory, strerror(errno));
	if ((found.st_mode & 0077) != 0)
		return fail(directory, "is a bpffs that others may enter; name a directory of its own");
	return 0;
}

void pins_share_maps(struct bpf_object *object, const char *directory)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		char path[512];

		if (bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof(path), "%s/map-%s", directory, bpf_map__name(map));
		bpf_map__set_pin_path(map, path);
	}
}
