/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/magic.h>

/* The inode number of the first directory of cgroup v2 in every kernel. */
#define HIERARCHY_ROOT_ID 1

static int fail(const char *directory, const char *why)
{
	fprintf(stderr, "plimsoll-sensor: --cgroup-root %s: %s\n", directory, why);
	return 1;
}

/* Where in `directory` the path below the mount point begins; -1 where a part of it cannot be read. */
static long mount_length(const char *directory, dev_t device, ino_t *mount_inode)
{
	char part[4096];
	struct stat found;
	long length = (long)strlen(directory);

	for (long end = length;;) {
		snprintf(part, sizeof(part), "%.*s", (int)end, end ? directory : "/");
		if (stat(part[0] ? part : "/", &found) != 0)
			return -1;
		if (found.st_dev != device)
			return length;
		length = end;
		*mount_inode = found.st_ino;
		if (end == 0)
			return 0;
		while (end > 0 && directory[--end] != '/')
			;
	}
}

int cgroups_open(const char *directory, struct watched *root)
{
	struct statfs system;
	struct stat found;
	ino_t mount_inode = 0;
	long mount;

	if (!realpath(directory, root->directory))
		return fail(directory, strerror(errno));
	root->fd = open(root->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0 || fstatfs(root->fd, &system) != 0 || fstat(root->fd, &found) != 0)
		return fail(directory, strerror(errno));
	if (system.f_type != CGROUP2_SUPER_MAGIC)
		return fail(directory, "not a directory of cgroup v2");
	root->id = found.st_ino;
	if (root->id == HIERARCHY_ROOT_ID)
		return fail(directory, "the root of all cgroups holds the whole system; name the cgroup below which containers are made");
	mount = mount_length(root->directory, found.st_dev, &mount_inode);
	if (mount < 0)
		return fail(directory, strerror(errno));
	if (mount_inode != HIERARCHY_ROOT_ID)
		return fail(directory, "seen from inside a cgroup namespace; run in that of the host");
	snprintf(root->path, sizeof(root->path), "%s", root->directory + mount);
	return 0;
}

struct walker {
	int rows_fd;
	void (*found)(__u64, __u64, const char *);
};

/* `directory_fd` is closed. Names of cgroups are bounded by the kernel (255 bytes, and depth by cgroup.max.depth). */
static int walk(const struct walker *walker, int directory_fd, __u64 id, const char *path)
{
	DIR *directory = fdopendir(directory_fd);
	struct dirent *entry;
	struct row above;
	int error = 0;

	if (!directory) {
		close(directory_fd);
		return errno;
	}
	/* Gone meanwhile, with everything in it. */
	if (bpf_map_lookup_elem(walker->rows_fd, &id, &above) != 0)
		goto done;
	while (!error && (entry = readdir(directory))) {
		char below[4096];
		struct stat found;
		__u64 child;
		int fd;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		if (fstat(fd, &found) != 0 || snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below)) {
			close(fd);
			error = ENAMETOOLONG;
			break;
		}
		child = found.st_ino;
		if (bpf_map_update_elem(walker->rows_fd, &child, &above, BPF_NOEXIST) != 0 && errno != EEXIST) {
			error = errno;
			close(fd);
			break;
		}
		walker->found(child, id, below);
		error = walk(walker, fd, child, below);
	}
done:
	closedir(directory);
	return error;
}

int cgroups_walk(const struct watched *root, int rows_fd, void (*found)(__u64, __u64, const char *))
{
	struct walker walker = { .rows_fd = rows_fd, .found = found };
	int fd = openat(root->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? errno : walk(&walker, fd, root->id, root->path);
}
