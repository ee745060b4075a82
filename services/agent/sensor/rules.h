/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The rules of profiles, and what follows from one for a container. */
#ifndef PLIMSOLL_RULES_H
#define PLIMSOLL_RULES_H

#include "state.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROFILES_MAX);
	__type(key, u32);
	__type(value, struct profile);
} profiles SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RULES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct exec_key);
	__type(value, struct rule);
} exec_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, RULES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct peer_key);
	__type(value, struct rule);
} peer_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RULES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct listen_key);
	__type(value, struct rule);
} listen_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, RULES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct file_key);
	__type(value, struct rule);
} file_rules SEC(".maps");

struct judgement {
	u64 rule_id; /* 0: the default of the profile */
	u8 action;
	u8 verdict; /* enum verdict, by the mode of the control */
};

/* The profile of a row that has one and looks at this control; a row may be older than its profile, which is then gone. */
static __always_inline struct profile *profile_of(const struct row *row, u8 mode)
{
	u32 id = row->profile;

	if (id == 0 || mode == MODE_OBSERVE)
		return 0;
	return bpf_map_lookup_elem(&profiles, &id);
}

static __always_inline struct judgement judge(const struct rule *rule, u8 otherwise, u8 mode)
{
	struct judgement judgement = { .action = rule ? rule->action : otherwise, .rule_id = rule ? rule->id : 0 };

	if (judgement.action == ACTION_DENY)
		judgement.verdict = mode == MODE_ENFORCE ? VERDICT_DENIED : VERDICT_WOULD_DENY;
	return judgement;
}

/* A program by its path, where that is whole (`path_size`, NUL included; else 0), or by the default. */
static __always_inline struct judgement judge_exec(const struct row *row, u8 origin, const char *path, u32 path_size,
						   struct exec_key *key)
{
	struct profile *profile = profile_of(row, row->exec);
	struct rule *rule = 0;

	if (!profile)
		return (struct judgement){};
	if (profile->denied_origins & (1 << (origin & 7)))
		return judge(0, ACTION_DENY, row->exec);
	if (path_size > 0 && path_size <= EXEC_PATH_MAX) {
		__builtin_memset(key, 0, sizeof(*key));
		key->profile = row->profile;
		key->generation = profile->generation;
		if (bpf_probe_read_kernel_str(key->path, EXEC_PATH_MAX, path) > 0)
			rule = bpf_map_lookup_elem(&exec_rules, key);
	}
	return judge(rule, profile->exec_default, row->exec);
}

/* A file that is opened for writing, by its path; of one that is not whole by the default. */
static __always_inline struct judgement judge_write(const struct row *row, const char *path, u32 whole,
						    struct file_key *key)
{
	struct profile *profile = profile_of(row, row->file);
	struct rule *rule = 0;

	if (!profile)
		return (struct judgement){};
	if (whole) {
		__builtin_memset(key, 0, sizeof(*key));
		key->prefix_length = 8 * (FILE_FIXED_BYTES + EXEC_PATH_MAX);
		key->profile = row->profile;
		key->generation = profile->generation;
		if (bpf_probe_read_kernel_str(key->path, EXEC_PATH_MAX, path) > 0)
			rule = bpf_map_lookup_elem(&file_rules, key);
	}
	return judge(rule, profile->file_default, row->file);
}

/* Counted here and not where it is sent: a full ring hides no deny. */
static __always_inline void count_judgement(u32 kind, const struct judgement *judgement)
{
	struct tally *tally;

	if (judgement->verdict == VERDICT_OBSERVED)
		return;
	tally = tally_of(kind);
	if (tally)
		__sync_fetch_and_add(judgement->verdict == VERDICT_WOULD_DENY ? &tally->would_deny : &tally->denied, 1);
}

#endif
