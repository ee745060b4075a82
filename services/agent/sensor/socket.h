/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#ifndef PLIMSOLL_SOCKET_H
#define PLIMSOLL_SOCKET_H

#include "fold.h"
#include "rules.h"

#define AF_INET 2
#define AF_INET6 10
#define PROTOCOL_TCP 6
#define ALLOW 1

/* The peer (connect, send) or the local address (bind) of a call, as the process gave it. */
struct endpoint {
	u32 address[4];
	u16 family;
	u16 port;
};

/* user_ip4 may be read by programs of IPv4 only, user_ip6 by those of IPv6 only: a flag for each, known to the compiler. */
static __always_inline struct endpoint endpoint_of(struct bpf_sock_addr *call, int six)
{
	struct endpoint endpoint = { .family = six ? AF_INET6 : AF_INET, .port = bpf_ntohs(call->user_port) };

	if (six) {
		endpoint.address[0] = call->user_ip6[0];
		endpoint.address[1] = call->user_ip6[1];
		endpoint.address[2] = call->user_ip6[2];
		endpoint.address[3] = call->user_ip6[3];
	} else {
		endpoint.address[0] = call->user_ip4;
	}
	return endpoint;
}

static __always_inline u64 hash_endpoint(u64 hash, const struct endpoint *endpoint)
{
	hash = hash_word(hash, (u64)endpoint->address[0] << 32 | endpoint->address[1]);
	hash = hash_word(hash, (u64)endpoint->address[2] << 32 | endpoint->address[3]);
	return hash_word(hash, (u64)endpoint->family << 16 | endpoint->port);
}

/* The same address as every rule writes it. */
static __always_inline void map_address(u8 *address, const struct endpoint *endpoint)
{
	__builtin_memset(address, 0, 16);
	if (endpoint->family == AF_INET6) {
		__builtin_memcpy(address, endpoint->address, 16);
		return;
	}
	address[10] = 0xff;
	address[11] = 0xff;
	__builtin_memcpy(address + 12, endpoint->address, 4);
}

/* As a peer, the address that is none (0.0.0.0, ::) is this machine. ::ffff:0.0.0.0 is IPv4's. */
static __always_inline int is_nowhere(const u8 *address)
{
	const u32 *words = (const u32 *)address;

	return words[3] == 0 && words[0] == 0 && words[1] == 0 && (words[2] == 0 || words[2] == bpf_htonl(0xffff));
}

/* The rule for this protocol and port before that for all ports, and that before the one for all protocols. */
static __always_inline struct judgement judge_key(struct peer_key *key, const struct profile *profile, u16 port,
						  u8 protocol, u8 mode)
{
	struct rule *rule;

	key->port = port;
	key->protocol = protocol;
	rule = bpf_map_lookup_elem(&peer_rules, key);
	if (!rule) {
		key->port = 0;
		rule = bpf_map_lookup_elem(&peer_rules, key);
	}
	if (!rule) {
		key->protocol = 0;
		rule = bpf_map_lookup_elem(&peer_rules, key);
	}
	return judge(rule, profile->connect_default, mode);
}

static __always_inline struct judgement judge_peer(const struct row *row, const struct endpoint *endpoint, u8 protocol)
{
	struct profile *profile = profile_of(row, row->connect);
	struct judgement judgement = {};
	struct peer_key key = {};

	if (!profile)
		return judgement;
	key.prefix_length = sizeof(key) * 8 - 32;
	key.profile = row->profile;
	key.generation = profile->generation;
	map_address(key.address, endpoint);
	if (!is_nowhere(key.address))
		return judge_key(&key, profile, endpoint->port, protocol, row->connect);
	/* Which loopback is reached by :: depends on what the socket is bound to: both must be allowed. */
	if (endpoint->family == AF_INET6 && key.address[10] == 0) {
		key.address[15] = 1;
		judgement = judge_key(&key, profile, endpoint->port, protocol, row->connect);
		if (judgement.action == ACTION_DENY)
			return judgement;
	}
	__builtin_memset(key.address, 0, sizeof(key.address));
	key.address[10] = key.address[11] = 0xff;
	key.address[12] = 127;
	key.address[15] = 1;
	return judge_key(&key, profile, endpoint->port, protocol, row->connect);
}

static __always_inline struct judgement judge_listen(const struct row *row, u16 port, u8 protocol)
{
	struct profile *profile = profile_of(row, row->listen);
	struct listen_key key = {};
	struct rule *rule;

	if (!profile)
		return (struct judgement){};
	key.profile = row->profile;
	key.generation = profile->generation;
	key.protocol = protocol;
	key.port = port;
	rule = bpf_map_lookup_elem(&listen_rules, &key);
	if (!rule) {
		key.protocol = 0;
		rule = bpf_map_lookup_elem(&listen_rules, &key);
	}
	return judge(rule, profile->listen_default, row->listen);
}

/* Everything but the process and the socket, which the hook may not know. */
static __always_inline void fill_endpoint(struct socket_event *event, const struct endpoint *endpoint,
					  const struct judgement *judgement)
{
	event->head.frame.verdict = judgement->verdict;
	event->head.rule_id = judgement->rule_id;
	__builtin_memcpy(event->address, endpoint->address, sizeof(event->address));
	event->family = endpoint->family;
	event->port = endpoint->port;
}

/* Of a call that has only begun, or has no other end. */
static __always_inline void fill_no_end(struct socket_event *event)
{
	event->asked_ns = 0;
	__builtin_memset(event->local_address, 0, sizeof(event->local_address));
	event->local_port = 0;
	event->error = 0;
	event->reserved = 0;
}

static __always_inline struct socket_event *reserve_socket_event(const struct judgement *judgement, u16 kind)
{
	struct socket_event *event = judgement->verdict == VERDICT_DENIED ?
					     bpf_ringbuf_reserve(&denials, sizeof(*event), 0) :
					     bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		count_sent(kind, 1);
	return event;
}

static __always_inline void submit_socket_event(struct socket_event *event, const struct judgement *judgement, u16 kind)
{
	count_sent(kind, 0);
	bpf_ringbuf_submit(event, judgement->verdict == VERDICT_DENIED ? 0 : wake_flags());
}

/* Connections that are under way, by cookie, with the event that told so. One that is pushed out goes without its end. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct socket_event);
} connecting SEC(".maps");

/* Before 6.3 a map takes nothing from a ring. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct socket_event);
} connect_scratches SEC(".maps");

static __always_inline void remember_connect(const struct socket_event *event, u64 cookie)
{
	u32 zero = 0;
	struct socket_event *scratch = bpf_map_lookup_elem(&connect_scratches, &zero);

	if (!scratch)
		return;
	__builtin_memcpy(scratch, event, sizeof(*scratch));
	bpf_map_update_elem(&connecting, &cookie, scratch, BPF_ANY);
}

static __always_inline void send_socket(struct bpf_sock_addr *call, u16 kind, const struct endpoint *endpoint,
					u64 cgroup_id, const struct row *row, const struct judgement *judgement,
					u64 repeats)
{
	struct socket_event *event = reserve_socket_event(judgement, kind);
	u64 cookie = bpf_get_socket_cookie(call);

	if (!event)
		return;
	fill_head(&event->head, sizeof(*event), kind, (void *)bpf_get_current_task(), cgroup_id, row);
	fill_endpoint(event, endpoint, judgement);
	event->socket = cookie;
	event->repeats = repeats;
	event->type = call->type;
	event->protocol = call->protocol;
	fill_no_end(event);
	if (kind == EVENT_CONNECT && judgement->verdict != VERDICT_DENIED)
		remember_connect(event, cookie);
	submit_socket_event(event, judgement, kind);
}

/* What the hook answers: 0 is EPERM. */
static __always_inline int answer(const struct judgement *judgement)
{
	return judgement->verdict == VERDICT_DENIED ? 0 : ALLOW;
}

#endif
