/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The createRuntime hook (OCI runtime-spec, config.md): asks whether the image may run at all, and gives the container's cgroup
 * its profile, before its first process runs. It needs a file of verdicts and the pinned maps only, and no process of ours.
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
#include "images.h"
#include "pins.h"
#include "json-text.h"
#include "profile-file.h"
#include "verdicts.h"

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
static const char *const file_programs[] = { "deny_write", "deny_truncate", NULL };
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

/* The container that a hook is called for. */
struct container {
	char id[256];
	__u64 cgroup; /* 0: it cannot be told */
};

static int read_state(struct container *container)
{
	static char bytes[STATE_MAX];
	struct json state = { .at = bytes, .size = fread(bytes, 1, sizeof(bytes), stdin) };
	struct json value;
	long process;

	if (json_member(state, "id", &value) != 0 || json_text(value, container->id, sizeof(container->id)) != 0 ||
	    json_member(state, "pid", &value) != 0)
		return 1;
	process = json_number(value);
	if (process <= 0)
		return 1;
	container->cgroup = cgroup_of(process);
	return 0;
}

const char *give_profile(const struct options *options, __u64 cgroup, const char *name)
{
	struct row row = { .container_id = cgroup, .profile = *name ? profile_id(name) : 0 };
	int rows = pins_open_map(options->pins, "rows"), profiles = pins_open_map(options->pins, "profiles");
	struct profile profile;
	struct timespec now;

	if (rows < 0 || profiles < 0)
		return "there are no pins; the sensor never ran";
	if (*name && (!is_attached(options, options->exec_mode, exec_programs) ||
		      !is_attached(options, options->connect_mode, connect_programs) ||
		      !is_attached(options, options->listen_mode, listen_programs) ||
		      !is_attached(options, options->file_mode, file_programs)))
		return "a control that it asks for is not there: this kernel refused a program, see plimsoll agent probe";
	if (cgroup == 0)
		return "its cgroup cannot be told";
	if (*name && (bpf_map_lookup_elem(profiles, &row.profile, &profile) != 0 || strcmp(profile.name, name) != 0))
		return "no profile of this name is loaded";
	if (*name) {
		row.exec = options->exec_mode;
		row.connect = options->connect_mode;
		row.listen = options->listen_mode;
		row.file = options->file_mode;
	}
	/* The clock that file systems date changes by. */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	row.made_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	/* A watched cgroup has a row from its parent. */
	if (bpf_map_update_elem(rows, &row.container_id, &row, BPF_EXIST) != 0)
		return errno == ENOENT ? "its cgroup is not below the one that is watched" : strerror(errno);
	return NULL;
}

/* Whatever the runtime knows it by: a verdict of the manifest counts before one of the config. */
static const char *find_verdict(const struct options *options, const struct image *image, struct verdict_line *line)
{
	const char *why = "its runtime does not say which image it is made of";
	struct timespec now;

	if (image->manifest[0])
		why = verdict_of(options->verdicts, image->manifest, line);
	if (why && image->config[0])
		why = verdict_of(options->verdicts, image->config, line);
	if (why)
		return why;
	clock_gettime(CLOCK_REALTIME, &now);
	if (options->verdict_hours && now.tv_sec - line->judged > options->verdict_hours * 3600LL)
		return "its verdict is older than --verdict-age";
	return line->decision == DECISION_UNKNOWN ? "its verdict is unknown" : NULL;
}

/* Whether it may start. Runtimes show what a hook that fails says. */
static int ask_gate(const struct options *options, const struct image *image, const struct verdict_line *line,
		    const char *unknown, struct start_report *report)
{
	const char *name = image->manifest[0] ? image->manifest : image->config[0] ? image->config : "(unknown)";
	int refuses = options->gate == GATE_DENY;

	if (options->gate == GATE_OFF)
		return 1;
	if (unknown) {
		report->gate = GATE_UNKNOWN;
		snprintf(report->reason, sizeof(report->reason), "%s", unknown);
		refuses = refuses && options->gate_refuses_unknown;
		fprintf(stderr, "plimsoll: nothing is known of image %s: %s. %s\n", name, unknown,
			refuses ? "The container was not started (--gate-unknown refuse). Scan the image, and write its verdict with plimsoll agent verdicts." :
				  "The container starts all the same (--gate-unknown allow).");
		return !refuses;
	}
	snprintf(report->rule, sizeof(report->rule), "%s", line->rule);
	if (line->decision == DECISION_ALLOW) {
		report->gate = GATE_PASSED;
		return 1;
	}
	report->gate = refuses ? GATE_REFUSED : GATE_WARNED;
	fprintf(stderr, "plimsoll: image %s is refused by %s: %s. %s\n", name, line->rule[0] ? line->rule : "its verdict", line->text,
		refuses ? "The container was not started. Mend the image, or make an exception, and judge it again." :
			  "The container starts all the same (--gate warn).");
	return !refuses;
}

/* The profile of the image before that of the hook; the pack's where it is missing and --on-missing says so. */
static int hold(const struct options *options, const struct container *container, const char *of_image,
		struct start_report *report)
{
	const char *name = of_image[0] ? of_image : options->profile ? options->profile : "";
	const char *why = give_profile(options, container->cgroup, name);

	snprintf(report->profile, sizeof(report->profile), "%s", name);
	if (!*name)
		return 1;
	report->held = PROFILE_GIVEN;
	if (!why)
		return 1;
	report->held = PROFILE_MISSING;
	snprintf(report->reason, sizeof(report->reason), "%s", why);
	if (options->on_missing == MISSING_PACK && !give_profile(options, container->cgroup, options->pack)) {
		report->held = PROFILE_PACK;
		snprintf(report->profile, sizeof(report->profile), "%s", options->pack);
		fprintf(stderr, "plimsoll: this container has the profile %s in the place of %s: %s\n", options->pack, name, why);
		return 1;
	}
	fprintf(stderr, "plimsoll: this container runs without its profile %s: %s\n", name, why);
	if (options->on_missing == MISSING_ALLOW)
		return 1;
	fprintf(stderr, "plimsoll: it was not started (--on-missing %s)\n",
		options->on_missing == MISSING_PACK ? "pack, whose profile is missing too" : "refuse");
	return 0;
}

/* For the sensor to tell; where there are no pins, or nobody has read them for long, only the runtime's log has it. */
static void leave_report(const struct options *options, const struct container *container, struct start_report *report)
{
	int starts = options->pins ? pins_open_map(options->pins, "starts") : -1;
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	report->time_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	if (starts >= 0 && container->cgroup && bpf_map_update_elem(starts, &container->cgroup, report, BPF_ANY) != 0)
		fprintf(stderr, "plimsoll: this start is not told by the agent: %s\n", strerror(errno));
}

int command_hook(const struct options *options)
{
	struct start_report report = { .started = 1 };
	struct container container = {};
	struct verdict_line line = {};
	const char *unknown = NULL;
	struct image image;

	if (read_state(&container) != 0) {
		fprintf(stderr, "plimsoll: standard input is no state of a container with a process\n");
		return options->on_missing == MISSING_REFUSE || (options->gate == GATE_DENY && options->gate_refuses_unknown);
	}
	image_of(options, container.id, &image);
	snprintf(report.image, sizeof(report.image), "%s", image.manifest[0] ? image.manifest : image.config);
	if (options->verdicts)
		unknown = find_verdict(options, &image, &line);
	report.started = ask_gate(options, &image, &line, unknown, &report);
	if (report.started && options->pins)
		report.started = hold(options, &container, line.profile, &report);
	leave_report(options, &container, &report);
	return !report.started;
}
