/* SPDX-License-Identifier: Apache-2.0 */
#include "counters.h"

#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define PROCESSORS_MAX 1024

static __u64 now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static __u64 count_rows(int rows_fd)
{
	__u64 key, count = 0;
	void *previous = NULL;

	while (bpf_map_get_next_key(rows_fd, previous, &key) == 0 && count < ROWS_MAX) {
		previous = &key;
		count++;
	}
	return count;
}

int counters_read(int rows_fd, int refused_fd, int tallies_fd, struct counters_frame *counters)
{
	static struct tally tallies[PROCESSORS_MAX];
	static __u64 refused[PROCESSORS_MAX];
	int processors = libbpf_num_possible_cpus();
	__u32 zero = 0;

	if (processors < 1 || processors > PROCESSORS_MAX)
		return 1;
	memset(counters, 0, sizeof(*counters));
	counters->frame.length = sizeof(*counters);
	counters->frame.kind = FRAME_COUNTERS;
	counters->boot_ns = now(CLOCK_BOOTTIME);
	counters->realtime_ns = now(CLOCK_REALTIME);
	counters->rows = count_rows(rows_fd);
	if (bpf_map_lookup_elem(refused_fd, &zero, refused) == 0)
		for (int i = 0; i < processors; i++)
			counters->rows_refused += refused[i];
	for (__u32 kind = 0; kind < FRAME_KINDS; kind++) {
		if (bpf_map_lookup_elem(tallies_fd, &kind, tallies) != 0)
			continue;
		for (int i = 0; i < processors; i++) {
			counters->tally[kind].emitted += tallies[i].emitted;
			counters->tally[kind].dropped += tallies[i].dropped;
			counters->tally[kind].denied += tallies[i].denied;
			counters->tally[kind].would_deny += tallies[i].would_deny;
		}
	}
	return 0;
}
