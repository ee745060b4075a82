/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and attaches as root, then only carries events from the kernel to standard output, as nobody. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "cgroups.h"
#include "commands.h"
#include "counters.h"
#include "events.h"
#include "json.h"
#include "pins.h"
#include "programs.h"
#include "sink.h"

#define POLL_MS 20
#define COUNTERS_NS 1000000000ULL
/* Events between two looks at denials, standard input and the clock: a flood must not hold those up. */
#define BATCH 16384
#define LAST_ROUNDS 64

static volatile sig_atomic_t stopped;
static int batch;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static __u64 now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static int carry(void *context, void *frame, size_t length)
{
	(void)context;
	sink_put(frame, length);
	return ++batch < BATCH ? 0 : -EAGAIN;
}

static void put_status(const struct watched *root, const struct options *options, const struct outcomes *outcomes)
{
	struct frame_head head = { .kind = FRAME_STATUS };
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);

	if (!memory)
		exit(1);
	fprintf(memory, "{\"layout\":%d,\"root\":{\"id\":\"%llu\",\"path\":", PLIMSOLL_LAYOUT_VERSION, root->id);
	json_string(memory, root->path);
	fputs(",\"directory\":", memory);
	json_string(memory, root->directory);
	fputs("},\"pins\":", memory);
	if (options->pins)
		json_string(memory, options->pins);
	else
		fputs("null", memory);
	fputs(",\"programs\":", memory);
	programs_print(memory, outcomes);
	fputc('}', memory);
	fclose(memory);
	head.length = sizeof(head) + length;
	sink_put(&head, sizeof(head));
	sink_put(text, length);
	free(text);
}

static void put_cgroup(__u64 id, __u64 parent_id, const char *path)
{
	struct cgroup_event event = { .parent_id = parent_id, .path_size = strlen(path) + 1 };

	event.head.frame.length = sizeof(event) + event.path_size;
	event.head.frame.kind = EVENT_CGROUP_MADE;
	event.head.frame.flags = FLAG_EXISTING;
	event.head.time_ns = now(CLOCK_BOOTTIME);
	event.head.cgroup_id = id;
	sink_put(&event, sizeof(event));
	sink_put(path, event.path_size);
}

/* What hooks did, each once. */
static void put_starts(int starts_fd)
{
	__u64 key;

	for (int i = 0; i < STARTS_MAX && bpf_map_get_next_key(starts_fd, NULL, &key) == 0; i++) {
		struct start_event event = {};

		if (bpf_map_lookup_elem(starts_fd, &key, &event.report) != 0 || bpf_map_delete_elem(starts_fd, &key) != 0)
			return;
		event.head.frame.length = sizeof(event);
		event.head.frame.kind = EVENT_START;
		event.head.time_ns = event.report.time_ns;
		event.head.cgroup_id = event.head.container_id = key;
		sink_put(&event, sizeof(event));
	}
}

static void put_counters(const struct bpf_object *object)
{
	struct counters_frame counters;

	if (counters_read(bpf_object__find_map_fd_by_name(object, "rows"),
			  bpf_object__find_map_fd_by_name(object, "rows_refused"),
			  bpf_object__find_map_fd_by_name(object, "tallies"), &counters) == 0)
		sink_put(&counters, sizeof(counters));
}

/* Once, when the maps are made. */
static int seed_folding(const struct bpf_object *object)
{
	int fd = bpf_object__find_map_fd_by_name(object, "fold_seed");
	__u64 seed = 0;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(fd, &zero, &seed) == 0 && seed != 0)
		return 0;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed) || bpf_map_update_elem(fd, &zero, &seed, BPF_ANY) != 0) {
		fprintf(stderr, "plimsoll-sensor: no random number is to be had: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

/* From here on there is no way back to root, and nobody of the same uid may look into the process. */
int drop_rights(const struct options *options)
{
	if (setgroups(0, NULL) != 0 || setresgid(options->group, options->group, options->group) != 0 ||
	    setresuid(options->user, options->user, options->user) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		fprintf(stderr, "plimsoll-sensor: the user cannot be changed to %u:%u: %s\n", options->user, options->group,
			strerror(errno));
		return 1;
	}
	return 0;
}

static int end_of_input(int poll_fd, int timeout_ms)
{
	struct epoll_event ready[2];
	char ignored[256];
	int count = epoll_wait(poll_fd, ready, 2, timeout_ms);

	for (int i = 0; i < count; i++)
		if (ready[i].data.fd == STDIN_FILENO && read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0)
			return 1;
	return 0;
}

/* Denials first; 1 where more events wait. */
static int carry_some(struct ring_buffer *denials, struct ring_buffer *events)
{
	batch = 0;
	ring_buffer__consume(denials);
	batch = 0;
	return ring_buffer__consume(events) == -EAGAIN;
}

static int carry_all(struct bpf_object *object)
{
	struct ring_buffer *denials =
		ring_buffer__new(bpf_object__find_map_fd_by_name(object, "denials"), carry, NULL, NULL);
	struct ring_buffer *events = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "events"), carry, NULL, NULL);
	struct epoll_event wait = { .events = EPOLLIN, .data.fd = STDIN_FILENO };
	int poll_fd = epoll_create1(EPOLL_CLOEXEC);
	__u64 counted = now(CLOCK_BOOTTIME);
	int ended = 0, more = 0;

	if (!denials || !events || poll_fd < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &wait) != 0) {
		fprintf(stderr, "plimsoll-sensor: events cannot be read: %s\n", strerror(errno));
		return 1;
	}
	wait.data.fd = -1;
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, ring_buffer__epoll_fd(denials), &wait);
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, ring_buffer__epoll_fd(events), &wait);
	while (!ended) {
		ended = end_of_input(poll_fd, more ? 0 : POLL_MS) || stopped;
		more = carry_some(denials, events);
		if (now(CLOCK_BOOTTIME) - counted >= COUNTERS_NS) {
			counted = now(CLOCK_BOOTTIME);
			put_starts(bpf_object__find_map_fd_by_name(object, "starts"));
			put_counters(object);
		}
		sink_flush();
	}
	/* What had happened by the end is told, but nobody who goes on may hold it up. */
	for (int round = 0; more && round < LAST_ROUNDS; round++)
		more = carry_some(denials, events);
	put_starts(bpf_object__find_map_fd_by_name(object, "starts"));
	put_counters(object);
	sink_flush();
	return 0;
}

int command_run(const struct options *options)
{
	static struct outcomes outcomes;
	struct watched root;
	struct bpf_object *object;
	struct row row = {};
	int rows_fd, error;

	if (cgroups_open(options->cgroup_root, &root) != 0)
		return 1;
	/* Two would take events from each other; the lock ends with the process. */
	if (options->pins && (pins_prepare(options->pins) != 0 || pins_lock(options->pins, "run", 0) < 0))
		return 1;
	programs_probe(root.fd, &outcomes);
	object = programs_open();
	if (options->pins)
		pins_share_maps(object, options->pins);
	error = programs_load(object, &outcomes);
	if (error) {
		fprintf(stderr, "plimsoll-sensor: the programs do not load together: %s%s\n", strerror(error),
			options->pins ? "; if another version made the pins, take them off first (unpin)" : "");
		return 1;
	}
	rows_fd = bpf_object__find_map_fd_by_name(object, "rows");
	if (bpf_map_update_elem(rows_fd, &root.id, &row, BPF_NOEXIST) != 0 && errno != EEXIST) {
		fprintf(stderr, "plimsoll-sensor: the map of cgroups takes no row: %s\n", strerror(errno));
		return 1;
	}
	if (seed_folding(object) != 0)
		return 1;
	programs_attach(object, root.fd, options->pins, &outcomes);
	put_status(&root, options, &outcomes);
	put_counters(object);
	put_cgroup(root.id, 0, root.path);
	error = cgroups_walk(&root, rows_fd, put_cgroup);
	if (error) {
		fprintf(stderr, "plimsoll-sensor: the cgroups below %s cannot be walked: %s\n", root.directory, strerror(error));
		return 1;
	}
	close(root.fd);
	if (drop_rights(options) != 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	return carry_all(object);
}
