/* SPDX-License-Identifier: Apache-2.0 */
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <bpf/bpf.h>
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

int pins_open_map(const char *directory, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/map-%s", directory, name);
	return bpf_obj_get(path);
}

int pins_lock(const char *directory, const char *name, int wait)
{
	char path[512];
	struct statfs system;
	int fd;

	if (statfs(directory, &system) != 0 || system.f_type != BPF_FS_MAGIC) {
		fail(directory, "there are no pins; start the sensor with them first");
		return -1;
	}
	/* A bpffs takes no files but pins; a directory can be locked as well. */
	snprintf(path, sizeof(path), "%s/lock-%s", directory, name);
	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		fail(directory, strerror(errno));
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) != 0) {
		fail(directory, errno == EWOULDBLOCK ? "another sensor uses it" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int pins_remove(const char *directory)
{
	struct statfs system;
	struct dirent *entry;
	DIR *pins;

	if (statfs(directory, &system) != 0 || system.f_type != BPF_FS_MAGIC)
		return fail(directory, "there are no pins");
	pins = opendir(directory);
	if (!pins)
		return fail(directory, strerror(errno));
	while ((entry = readdir(pins))) {
		int is_lock = strncmp(entry->d_name, "lock-", 5) == 0;

		/* The kernel puts files of its own into every bpffs. */
		if (!is_lock && strncmp(entry->d_name, "link-", 5) != 0 && strncmp(entry->d_name, "new-", 4) != 0 &&
		    strncmp(entry->d_name, "map-", 4) != 0)
			continue;
		if (unlinkat(dirfd(pins), entry->d_name, is_lock ? AT_REMOVEDIR : 0) != 0) {
			fail(directory, strerror(errno));
			closedir(pins);
			return 1;
		}
	}
	closedir(pins);
	/* It may lie in a bpffs that others use too. */
	if (umount2(directory, MNT_DETACH) != 0 && errno != EINVAL)
		return fail(directory, strerror(errno));
	return rmdir(directory) != 0 && errno != ENOENT ? fail(directory, strerror(errno)) : 0;
}
