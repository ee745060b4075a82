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
