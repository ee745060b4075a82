/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a profile into the pinned maps. Its rules are written as a new generation beside those in force, and take their
 * place in one write: there is no moment with half of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "commands.h"
#include "events.h"
#include "pins.h"
#include "profile-file.h"

struct maps {
	int profiles, exec_rules, peer_rules, listen_rules, file_rules;
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "plimsoll-sensor: %s: %s\n", what, why);
	return 1;
}

/* Whole, or not at all: 0, or 1 at an early end. */
static int read_whole(void *to, size_t size)
{
	for (char *at = to; size > 0;) {
		ssize_t got = read(STDIN_FILENO, at, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 1;
		at += got;
		size -= got;
	}
	return 0;
}

/* Removes the rules of a profile that are not of this generation: left over, or replaced. All keys begin with the same words. */
static int purge(int map, size_t key_size, size_t words_at, __u32 profile, __u32 generation)
{
	unsigned char key[sizeof(struct file_key)], next[sizeof(struct file_key)];
	int more = bpf_map_get_next_key(map, NULL, next) == 0;

	while (more) {
		__u32 words[2];

		memcpy(key, next, key_size);
		more = bpf_map_get_next_key(map, key, next) == 0;
		memcpy(words, key + words_at, sizeof(words));
		if (words[0] == profile && words[1] != generation && bpf_map_delete_elem(map, key) != 0 && errno != ENOENT)
			return errno;
	}
	return 0;
}

static int purge_all(const struct maps *maps, __u32 profile, __u32 generation)
{
	int error = purge(maps->exec_rules, sizeof(struct exec_key), 0, profile, generation);

	if (!error)
		error = purge(maps->peer_rules, sizeof(struct peer_key), sizeof(__u32), profile, generation);
	if (!error)
		error = purge(maps->listen_rules, sizeof(struct listen_key), 0, profile, generation);
	if (!error)
		error = purge(maps->file_rules, sizeof(struct file_key), sizeof(__u32), profile, generation);
	return error;
}

static int put_exec(const struct maps *maps, __u32 profile, __u32 generation)
{
	struct exec_key key = { .profile = profile, .generation = generation };
	struct exec_entry entry;

	if (read_whole(&entry, sizeof(entry)))
		return EBADMSG;
	if (entry.path[0] != '/' || entry.path[EXEC_PATH_MAX - 1])
		return EINVAL;
	memcpy(key.path, entry.path, sizeof(key.path));
	return bpf_map_update_elem(maps->exec_rules, &key, &entry.rule, BPF_ANY) ? errno : 0;
}

static int put_peer(const struct maps *maps, __u32 profile, __u32 generation)
{
	struct peer_key key = { .profile = profile, .generation = generation };
	struct peer_entry entry;

	if (read_whole(&entry, sizeof(entry)))
		return EBADMSG;
	if (entry.address_bits > 128)
		return EINVAL;
	key.prefix_length = PEER_FIXED_BITS + entry.address_bits;
	key.protocol = entry.protocol;
	key.port = entry.port;
	memcpy(key.address, entry.address, sizeof(key.address));
	return bpf_map_update_elem(maps->peer_rules, &key, &entry.rule, BPF_ANY) ? errno : 0;
}

static int put_listen(const struct maps *maps, __u32 profile, __u32 generation)
{
	struct listen_key key = { .profile = profile, .generation = generation };
	struct listen_entry entry;

	if (read_whole(&entry, sizeof(entry)))
		return EBADMSG;
	key.protocol = entry.protocol;
	key.port = entry.port;
	return bpf_map_update_elem(maps->listen_rules, &key, &entry.rule, BPF_ANY) ? errno : 0;
}

/* The entry is that of a program: a rule and a path. */
static int put_file(const struct maps *maps, __u32 profile, __u32 generation)
{
	struct file_key key = { .profile = profile, .generation = generation };
	struct exec_entry entry;
	size_t length;

	if (read_whole(&entry, sizeof(entry)))
		return EBADMSG;
	if (entry.path[0] != '/' || entry.path[EXEC_PATH_MAX - 1])
		return EINVAL;
	length = strlen(entry.path);
	memcpy(key.path, entry.path, sizeof(key.path));
	key.prefix_length = 8 * (FILE_FIXED_BYTES + length + (entry.path[length - 1] == '/' ? 0 : 1));
	return bpf_map_update_elem(maps->file_rules, &key, &entry.rule, BPF_ANY) ? errno : 0;
}

static int put_rules(const struct maps *maps, const struct profile_head *head, __u32 profile, __u32 generation)
{
	int error = 0;

	for (__u32 i = 0; !error && i < head->exec_count; i++)
		error = put_exec(maps, profile, generation);
	for (__u32 i = 0; !error && i < head->peer_count; i++)
		error = put_peer(maps, profile, generation);
	for (__u32 i = 0; !error && i < head->listen_count; i++)
		error = put_listen(maps, profile, generation);
	for (__u32 i = 0; !error && i < head->file_count; i++)
		error = put_file(maps, profile, generation);
	return error;
}

static int load(const struct maps *maps, const struct profile_head *head)
{
	__u32 id = profile_id(head->name);
	struct profile profile = {};
	int error;

	if (bpf_map_lookup_elem(maps->profiles, &id, &profile) == 0 && strcmp(profile.name, head->name) != 0)
		return fail(head->name, "has the number of another profile that is loaded; give it another name");
	/* Rules of a load that was broken off would count as new ones. */
	error = purge_all(maps, id, profile.generation);
	if (!error)
		error = put_rules(maps, head, id, profile.generation + 1);
	if (error) {
		purge_all(maps, id, profile.generation);
		return fail(head->name, error == E2BIG || error == ENOSPC ? "the maps are full; what was loaded before stays" : strerror(error));
	}
	profile.generation++;
	profile.exec_default = head->exec_default;
	profile.connect_default = head->connect_default;
	profile.listen_default = head->listen_default;
	profile.denied_origins = head->denied_origins;
	profile.file_default = head->file_default;
	memcpy(profile.name, head->name, sizeof(profile.name));
	if (bpf_map_update_elem(maps->profiles, &id, &profile, BPF_ANY) != 0) {
		error = errno;
		purge_all(maps, id, profile.generation - 1);
		return fail(head->name, strerror(error));
	}
	error = purge_all(maps, id, profile.generation);
	return error ? fail(head->name, strerror(error)) : 0;
}

int command_load(const struct options *options)
{
	struct profile_head head;
	struct maps maps;
	int lock = pins_lock(options->pins, "load", 1);

	if (lock < 0)
		return 1;
	maps.profiles = pins_open_map(options->pins, "profiles");
	maps.exec_rules = pins_open_map(options->pins, "exec_rules");
	maps.peer_rules = pins_open_map(options->pins, "peer_rules");
	maps.listen_rules = pins_open_map(options->pins, "listen_rules");
	maps.file_rules = pins_open_map(options->pins, "file_rules");
	if (maps.file_rules < 0 || maps.profiles < 0 || maps.exec_rules < 0 || maps.peer_rules < 0 || maps.listen_rules < 0)
		return fail(options->pins, "has no maps; start the sensor with these pins first");
	if (read_whole(&head, sizeof(head)) || head.layout != PLIMSOLL_LAYOUT_VERSION || !head.name[0] ||
	    head.name[PROFILE_NAME_MAX - 1])
		return fail("standard input", "is no profile");
	return load(&maps, &head);
}
