/* SPDX-License-Identifier: Apache-2.0 */
#include "programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "json.h"

extern const unsigned char embedded_programs[], embedded_programs_end[];

/* Rings take their memory when they are made; a probe needs none of it. */
#define PROBE_RING_BYTES 4096

struct bpf_object *programs_open(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "plimsoll");
	struct bpf_object *object =
		bpf_object__open_mem(embedded_programs, embedded_programs_end - embedded_programs, &options);

	if (!object) {
		fprintf(stderr, "plimsoll-sensor: the programs in this binary do not open: %s\n", strerror(errno));
		exit(1);
	}
	return object;
}

static struct bpf_link *attach(struct bpf_program *program, int cgroup_fd)
{
	/* Links to cgroups always allow others beside them. */
	if (strncmp(bpf_program__section_name(program), "cgroup", 6) == 0)
		return bpf_program__attach_cgroup(program, cgroup_fd);
	return bpf_program__attach(program);
}

static void refuse(struct outcome *outcome, const char *step, int error)
{
	outcome->refused_at = step;
	outcome->error = error < 0 ? -error : error;
}

static void probe(struct outcome *outcome, int cgroup_fd)
{
	struct bpf_object *object = programs_open();
	struct bpf_program *program;
	struct bpf_link *link;
	struct bpf_map *map;
	int error;

	bpf_object__for_each_map(map, object)
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			bpf_map__set_max_entries(map, PROBE_RING_BYTES);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), outcome->name) == 0);
	error = bpf_object__load(object);
	if (error) {
		refuse(outcome, "load", error);
	} else {
		link = attach(bpf_object__find_program_by_name(object, outcome->name), cgroup_fd);
		if (link)
			bpf_link__destroy(link);
		else
			refuse(outcome, "attach", errno);
	}
	bpf_object__close(object);
}

void programs_probe(int cgroup_fd, struct outcomes *outcomes)
{
	struct bpf_object *object = programs_open();
	struct bpf_program *program;

	memset(outcomes, 0, sizeof(*outcomes));
	bpf_object__for_each_program(program, object) {
		struct outcome *outcome = &outcomes->list[outcomes->count];

		if (outcomes->count == PROGRAMS_MAX)
			break;
		snprintf(outcome->name, sizeof(outcome->name), "%s", bpf_program__name(program));
		snprintf(outcome->hook, sizeof(outcome->hook), "%s", bpf_program__section_name(program));
		outcomes->count++;
		probe(outcome, cgroup_fd);
	}
	bpf_object__close(object);
}

static struct outcome *outcome_of(struct outcomes *outcomes, const char *name)
{
	for (size_t i = 0; i < outcomes->count; i++)
		if (strcmp(outcomes->list[i].name, name) == 0)
			return &outcomes->list[i];
	return NULL;
}

int programs_load(struct bpf_object *object, const struct outcomes *probed)
{
	for (size_t i = 0; i < probed->count; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(object, probed->list[i].name);

		if (probed->list[i].refused_at)
			bpf_program__set_autoload(program, false);
	}
	return -bpf_object__load(object);
}

/* The new link is there before the old one goes: no moment is left open. */
static int pin(struct bpf_link *link, const char *pins, const char *name)
{
	char old[512], new[512];
	int error;

	snprintf(old, sizeof(old), "%s/link-%s", pins, name);
	snprintf(new, sizeof(new), "%s/new-%s", pins, name);
	unlink(new);
	error = bpf_link__pin(link, new);
	if (error)
		return error;
	return rename(new, old) == 0 ? 0 : errno;
}

void programs_attach(struct bpf_object *object, int cgroup_fd, const char *pins, struct outcomes *outcomes)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		struct outcome *outcome = outcome_of(outcomes, bpf_program__name(program));
		struct bpf_link *link;
		int error;

		if (!outcome || outcome->refused_at)
			continue;
		link = attach(program, cgroup_fd);
		if (!link) {
			refuse(outcome, "attach", errno);
			continue;
		}
		error = pins ? pin(link, pins, outcome->name) : 0;
		if (error) {
			refuse(outcome, "pin", error);
			bpf_link__destroy(link);
		}
		/* Without a pin the link lives by its descriptor, which stays open until the process ends. */
	}
	/* A link holds its program. What is not open cannot be handed out by whoever takes this process over. */
	bpf_object__for_each_program(program, object)
		bpf_program__unload(program);
}

void programs_print(FILE *to, const struct outcomes *outcomes)
{
	fputc('[', to);
	for (size_t i = 0; i < outcomes->count; i++) {
		const struct outcome *outcome = &outcomes->list[i];

		fprintf(to, "%s{\"name\":", i ? "," : "");
		json_string(to, outcome->name);
		fputs(",\"hook\":", to);
		json_string(to, outcome->hook);
		fputs(",\"refusedAt\":", to);
		if (outcome->refused_at)
			json_string(to, outcome->refused_at);
		else
			fputs("null", to);
		fprintf(to, ",\"errno\":%d,\"reason\":", outcome->error);
		json_string(to, outcome->refused_at ? strerror(outcome->error) : "");
		fputc('}', to);
	}
	fputc(']', to);
}
