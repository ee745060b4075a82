/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "commands.h"

#define NOBODY 65534

static const char USAGE[] =
	"usage: plimsoll-sensor COMMAND [OPTIONS]\n"
	"  probe   what this kernel takes: loads and attaches each program by itself, prints JSON\n"
	"  run     watches the cgroups below --cgroup-root, frames on standard output, until standard input ends\n"
	"  layout  the layout of frames, as JSON\n"
	"options:\n"
	"  --cgroup-root DIR   a directory of cgroup v2, not the root of all\n"
	"  --pins DIR          a bpffs of its own, where links and maps outlive the process\n"
	"  --user UID          who carries events once all is attached (65534)\n"
	"  --group GID         and with which group (65534)\n"
	"  --verbose           what libbpf and the verifier say\n";

static int usage(const char *why)
{
	fprintf(stderr, "plimsoll-sensor: %s\n%s", why, USAGE);
	return 1;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, arguments);
}

static int parse_id(const char *text, unsigned *id)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || value == 0 || value > 4294967294UL)
		return 1;
	*id = value;
	return 0;
}

int main(int count, char **arguments)
{
	static const struct option known[] = {
		{ "cgroup-root", required_argument, NULL, 'c' }, { "pins", required_argument, NULL, 'p' },
		{ "user", required_argument, NULL, 'u' },	 { "group", required_argument, NULL, 'g' },
		{ "verbose", no_argument, NULL, 'v' },		 { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .user = NOBODY, .group = NOBODY };
	const char *command;
	int option;

	libbpf_set_print(NULL);
	while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			options.cgroup_root = optarg;
			break;
		case 'p':
			options.pins = optarg;
			break;
		case 'u':
			if (parse_id(optarg, &options.user) != 0)
				return usage("--user takes a number that is not 0");
			break;
		case 'g':
			if (parse_id(optarg, &options.group) != 0)
				return usage("--group takes a number that is not 0");
			break;
		case 'v':
			libbpf_set_print(print_warnings);
			break;
		case 'h':
			fputs(USAGE, stdout);
			return 0;
		default:
			return usage("unknown option");
		}
	}
	if (optind != count - 1)
		return usage("one command is needed");
	command = arguments[optind];
	if (strcmp(command, "layout") == 0)
		return command_layout();
	if (strcmp(command, "probe") != 0 && strcmp(command, "run") != 0)
		return usage("unknown command");
	if (!options.cgroup_root)
		return usage("--cgroup-root is needed");
	if (geteuid() != 0)
		return usage("must be started by root; it gives its rights away once all is attached");
	return strcmp(command, "probe") == 0 ? command_probe(&options) : command_run(&options);
}
