/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at pins without changing anything, and without the sensor that made them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "commands.h"
#include "counters.h"
#include "json.h"
#include "pins.h"
#include "rows.h"

/* A sensor holds the lock as long as it lives. */
static int is_read(const char *directory)
{
	char path[512];
	int fd, held;

	snprintf(path, sizeof(path), "%s/lock-run", directory);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	held = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

static void print_links(const char *directory)
{
	DIR *pins = opendir(directory);
	struct dirent *entry;
	const char *separator = "";

	while (pins && (entry = readdir(pins))) {
		if (strncmp(entry->d_name, "link-", 5) != 0)
			continue;
		fputs(separator, stdout);
		json_string(stdout, entry->d_name + 5);
		separator = ",";
	}
	if (pins)
		closedir(pins);
}

static void print_profiles(int profiles_fd)
{
	const char *separator = "";
	__u32 key, *previous = NULL;

	while (bpf_map_get_next_key(profiles_fd, previous, &key) == 0) {
		struct profile profile;

		previous = &key;
		if (bpf_map_lookup_elem(profiles_fd, &key, &profile) != 0)
			continue;
		printf("%s{\"id\":%u,\"name\":", separator, key);
		json_string(stdout, profile.name);
		printf(",\"generation\":%u}", profile.generation);
		separator = ",";
	}
}

/* Containers that hooks gave a profile, or said where they begin. */
static void print_containers(int rows_fd)
{
	const char *separator = "";
	__u64 key, *previous = NULL;

	while (bpf_map_get_next_key(rows_fd, previous, &key) == 0) {
		struct row row;

		previous = &key;
		if (bpf_map_lookup_elem(rows_fd, &key, &row) != 0 || row.container_id != key)
			continue;
		printf("%s{\"cgroup\":\"%llu\",\"profile\":%u,\"exec\":%u,\"connect\":%u,\"listen\":%u,\"file\":%u}", separator, key,
		       row.profile, row.exec, row.connect, row.listen, row.file);
		separator = ",";
	}
}

static void print_tallies(const struct counters_frame *counters)
{
	const char *separator = "";

	for (int kind = 0; kind < FRAME_KINDS; kind++) {
		const struct tally *tally = &counters->tally[kind];

		if (!tally->emitted && !tally->dropped && !tally->denied && !tally->would_deny)
			continue;
		printf("%s{\"kind\":%d,\"emitted\":\"%llu\",\"dropped\":\"%llu\",\"denied\":\"%llu\",\"wouldDeny\":\"%llu\"}", separator, kind,
		       tally->emitted, tally->dropped, tally->denied, tally->would_deny);
		separator = ",";
	}
}

int command_status(const struct options *options)
{
	const char *pins = options->pins;
	int rows_fd = pins_open_map(pins, "rows"), profiles_fd = pins_open_map(pins, "profiles");
	static struct counters_frame counters;

	if (rows_fd < 0 || profiles_fd < 0 ||
	    counters_read(rows_fd, pins_open_map(pins, "rows_refused"), pins_open_map(pins, "tallies"), &counters) != 0) {
		fprintf(stderr, "plimsoll-sensor: --pins %s: there are no pins; start the sensor with them first\n", pins);
		return 1;
	}
	printf("{\"layout\":%d,\"isRead\":%s,\"programs\":[", PLIMSOLL_LAYOUT_VERSION, is_read(pins) ? "true" : "false");
	print_links(pins);
	fputs("],\"profiles\":[", stdout);
	print_profiles(profiles_fd);
	fputs("],\"containers\":[", stdout);
	print_containers(rows_fd);
	printf("],\"watchedCgroups\":\"%llu\",\"refusedCgroups\":\"%llu\",\"tallies\":[", counters.rows, counters.rows_refused);
	print_tallies(&counters);
	puts("]}");
	return 0;
}
