/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The same again within ten seconds is counted, and told with the next: a loop must not push out what others do. */
#ifndef PLIMSOLL_FOLD_H
#define PLIMSOLL_FOLD_H

#include "state.h"

#define FOLD_NS (10ULL * 1000 * 1000 * 1000)

struct told_key {
	u64 cgroup_id;
	u64 hash; /* of all else that makes it the same */
	u32 process_id;
	u16 kind;
	u16 detail;
};

struct told {
	u64 at_ns;
	u64 repeats;
};

/* Only remembers what was told, so the oldest may go: it is then told once more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct told_key);
	__type(value, struct told);
} told_before SEC(".maps");

/* Random, by the sensor: nobody may look for two texts of one hash, of which the second would go untold. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} fold_seed SEC(".maps");

static __always_inline u64 hash_seed(void)
{
	u32 zero = 0;
	u64 *seed = bpf_map_lookup_elem(&fold_seed, &zero);

	return seed ? *seed : 0;
}

/* One word more (the finalizer of MurmurHash3, 64 bits, after each). */
static __always_inline u64 hash_word(u64 hash, u64 word)
{
	hash ^= word;
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdULL;
	hash ^= hash >> 33;
	hash *= 0xc4ceb9fe1a85ec53ULL;
	return hash ^ hash >> 33;
}

/* 1 where it is to be told, with how often it went untold; 0 where it was told just now. */
static __always_inline int is_news(const struct told_key *key, u64 *repeats)
{
	struct told fresh = { .at_ns = bpf_ktime_get_boot_ns() };
	struct told *told = bpf_map_lookup_elem(&told_before, key);

	*repeats = 0;
	if (told && fresh.at_ns - told->at_ns < FOLD_NS) {
		__sync_fetch_and_add(&told->repeats, 1);
		return 0;
	}
	if (told)
		*repeats = told->repeats;
	bpf_map_update_elem(&told_before, key, &fresh, BPF_ANY);
	return 1;
}

#endif
