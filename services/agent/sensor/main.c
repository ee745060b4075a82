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
#include "pins.h"

#define NOBODY 65534

static const char USAGE[] =
	"usage: plimsoll-sensor COMMAND [OPTIONS]\n"
	"  probe   what this kernel takes: loads and attaches each program by itself, prints JSON\n"
	"  run     watches the cgroups below --cgroup-root, frames on standard output, until standard input ends\n"
	"  load    reads a profile from standard input into the maps of --pins\n"
	"  hook    a createRuntime hook: gives the container whose state is on standard input --profile\n"
	"  unpin   takes off everything that --pins keeps: nothing is watched or stopped any more\n"
	"  relay   messages from standard input, each behind its length, to the datagram socket --socket\n"
	"  layout  the layout of frames, as JSON\n"
	"options:\n"
	"  --cgroup-root DIR   a directory of cgroup v2, not the root of all\n"
	"  --pins DIR          a bpffs of its own, where links and maps outlive the process\n"
	"  --socket PATH       of a logger, as /dev/log\n"
	"  --user UID          who carries events once all is attached (65534)\n"
	"  --group GID         and with which group (65534)\n"
	"  --profile NAME      the profile that the hook gives\n"
	"  --mode MODE         observe, shadow or enforce, for all controls; or for one of them:\n"
	"  --exec MODE, --connect MODE, --listen MODE\n"
	"  --on-missing WHAT   allow (the default) or refuse: a container that cannot have its profile\n"
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

static int parse_mode(const char *text, unsigned char *mode)
{
	static const char *const names[] = { "observe", "shadow", "enforce" };

	for (unsigned char i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*mode = i;
			return 0;
		}
	}
	return 1;
}

static int run_command(const char *command, const struct options *options)
{
	if (strcmp(command, "layout") == 0)
		return command_layout();
	if (strcmp(command, "relay") == 0)
		return options->socket ? command_relay(options) : usage("--socket is needed");
	if (geteuid() != 0)
		return usage("must be started by root; it gives its rights away once all is attached");
	if (strcmp(command, "probe") == 0)
		return options->cgroup_root ? command_probe(options) : usage("--cgroup-root is needed");
	if (strcmp(command, "run") == 0)
		return options->cgroup_root ? command_run(options) : usage("--cgroup-root is needed");
	if (!options->pins)
		return usage("--pins is needed");
	if (strcmp(command, "load") == 0)
		return command_load(options);
	if (strcmp(command, "hook") == 0)
		return options->profile ? command_hook(options) : usage("--profile is needed");
	return pins_remove(options->pins);
}

int main(int count, char **arguments)
{
	static const struct option known[] = {
		{ "cgroup-root", required_argument, NULL, 'c' }, { "pins", required_argument, NULL, 'p' },
		{ "user", required_argument, NULL, 'u' },	 { "group", required_argument, NULL, 'g' },
		{ "profile", required_argument, NULL, 'P' },	 { "mode", required_argument, NULL, 'm' },
		{ "exec", required_argument, NULL, 'x' },	 { "connect", required_argument, NULL, 'n' },
		{ "listen", required_argument, NULL, 'l' },	 { "on-missing", required_argument, NULL, 'o' },
		{ "socket", required_argument, NULL, 's' },	 { "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const char *const commands[] = { "probe", "run", "load", "hook", "unpin", "relay", "layout" };
	struct options options = { .user = NOBODY, .group = NOBODY };
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
		case 'P':
			options.profile = optarg;
			break;
		case 'm':
			if (parse_mode(optarg, &options.exec_mode) != 0)
				return usage("--mode takes observe, shadow or enforce");
			options.connect_mode = options.listen_mode = options.exec_mode;
			break;
		case 'x':
		case 'n':
		case 'l':
			if (parse_mode(optarg, option == 'x' ? &options.exec_mode :
					       option == 'n' ? &options.connect_mode :
							       &options.listen_mode) != 0)
				return usage("--exec, --connect and --listen take observe, shadow or enforce");
			break;
		case 'o':
			options.refuse = strcmp(optarg, "refuse") == 0;
			if (!options.refuse && strcmp(optarg, "allow") != 0)
				return usage("--on-missing takes allow or refuse");
			break;
		case 's':
			options.socket = optarg;
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
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(arguments[optind], commands[i]) == 0)
			return run_command(commands[i], &options);
	return usage("unknown command");
}
