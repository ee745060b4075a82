/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The createRuntime hook (OCI runtime-spec, config.md): gives the container's cgroup its profile before its first process runs.
 * It needs the pinned maps only, and no process of ours.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "commands.h"
#include "pins.h"
#include "profile-file.h"
#include "state-json.h"

#define STATE_MAX (1 << 20)

/* The directory of the cgroup v2 hierarchy whose root is that of the system; 0, or 1. */
static int find_hierarchy(char *directory, size_t size)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[8192], root[4096], point[4096];
	int found = 0;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) == 2 &&
			strcmp(root, "/") == 0 && !strchr(point, '\\') && strlen(point) < size;
	if (mounts)
		fclose(mounts);
	if (found)
		strcpy(directory, point);
	return !found;
}

/* The id of the process's cgroup; 0 where it cannot be told. */
static __u64 cgroup_of(long process)
{
	char hierarchy[4096], file[64], line[8192], path[sizeof(hierarchy) + sizeof(line)];
	struct stat found;
	FILE *cgroups;
	__u64 id = 0;

	snprintf(file, sizeof(file), "/proc/%ld/cgroup", process);
	cgroups = fopen(file, "re");
	if (!cgroups)
		return 0;
	while (fgets(line, sizeof(line), cgroups)) {
		if (strncmp(line, "0::/", 4) != 0 || find_hierarchy(hierarchy, sizeof(hierarchy)) != 0)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(path, sizeof(path), "%s%s", hierarchy, line + 3);
		if (stat(path, &found) == 0)
			id = found.st_ino;
	}
	fclose(cgroups);
	return id;
}

/* The programs without which a control stops nothing, or leaves a way round. */
static const char *const exec_programs[] = { "process_exec", NULL };
static const char *const connect_programs[] = { "connect4", "connect6", "sendmsg4", "sendmsg6", "create_socket", NULL };
static const char *const listen_programs[] = { "bind4", "bind6", "arrive", NULL };

static int is_attached(const struct options *options, unsigned char mode, const char *const *programs)
{
	char link[512];

	for (; mode != MODE_OBSERVE && *programs; programs++) {
		snprintf(link, sizeof(link), "%s/link-%s", options->pins, *programs);
		if (access(link, F_OK) != 0)
			return 0;
	}
	return 1;
}

/* NULL, or why the container has no profile. */
static const char *apply(const struct options *options)
{
	static char state[STATE_MAX + 1];
	size_t length = fread(state, 1, STATE_MAX, stdin);
	struct row row = { .profile = profile_id(options->profile) };
	int rows = pins_open_map(options->pins, "rows"), profiles = pins_open_map(options->pins, "profiles");
	struct profile profile;
	struct timespec now;
	long process;

	if (rows < 0 || profiles < 0)
		return "there are no pins; the sensor never ran";
	if (!is_attached(options, options->exec_mode, exec_programs) ||
	    !is_attached(options, options->connect_mode, connect_programs) ||
	    !is_attached(options, options->listen_mode, listen_programs))
		return "a control that it asks for is not there: this kernel refused a program, see plimsoll agent probe";
	process = state_process(state, length);
	if (process <= 0)
		return "standard input is no state of a container with a process";
	row.container_id = cgroup_of(process);
	if (row.container_id == 0)
		return "its cgroup cannot be told";
	if (bpf_map_lookup_elem(profiles, &row.profile, &profile) != 0 || strcmp(profile.name, options->profile) != 0)
		return "no profile of this name is loaded";
	row.exec = options->exec_mode;
	row.connect = options->connect_mode;
	row.listen = options->listen_mode;
	/* The clock that file systems date changes by. */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	row.made_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	/* A watched cgroup has a row from its parent. */
	if (bpf_map_update_elem(rows, &row.container_id, &row, BPF_EXIST) != 0)
		return errno == ENOENT ? "its cgroup is not below the one that is watched" : strerror(errno);
	return NULL;
}

int command_hook(const struct options *options)
{
	const char *why = apply(options);

	if (!why)
		return 0;
	/* Runtimes show what a hook that fails says. */
	fprintf(stderr, "plimsoll: this container runs without its profile %s: %s\n", options->profile, why);
	if (options->refuse)
		fprintf(stderr, "plimsoll: it was not started (--on-missing refuse)\n");
	return options->refuse;
}
