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
#include "images.h"
#include "pins.h"

#define NOBODY 65534

static const char USAGE[] =
	"usage: plimsoll-sensor COMMAND [OPTIONS]\n"
	"  probe   what this kernel takes: loads and attaches each program by itself, prints JSON\n"
	"  run     watches the cgroups below --cgroup-root, frames on standard output, until standard input ends\n"
	"  load    reads a profile from standard input into the maps of --pins\n"
	"  hook    a createRuntime hook: gives the container whose state is on standard input --profile, and asks --gate\n"
	"  runtime in the place of an OCI runtime: adds the hook to containers that are made; -- and the runtime's arguments\n"
	"  status  what --pins keeps, as JSON: programs, profiles, cgroups, counts\n"
	"  selftest  a process in a cgroup of its own below --cgroup-root, held to --profile, tries what that forbids; JSON\n"
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
	"  --exec MODE, --connect MODE, --listen MODE, --file MODE (which --mode leaves alone)\n"
	"  --on-missing WHAT   of a container that cannot have its profile: allow (the default), refuse,\n"
	"                      or pack: it has the profile --pack NAME, or is refused\n"
	"  --gate WHAT         of a container whose image was refused: off (the default), warn or deny\n"
	"  --gate-unknown WHAT of whose image nothing is known: allow (the default) or refuse\n"
	"  --verdicts FILE     as plimsoll agent verdicts writes it; an image may have a profile there\n"
	"  --verdict-age HOURS older verdicts count as unknown (any age)\n"
	"  --image DIGEST      the image, where the runtime has none (runc)\n"
	"  --storage DIR       of podman and CRI-O (/var/lib/containers/storage)\n"
	"  --docker DIR        of Docker (/var/lib/docker)\n"
	"  --runtime FILE      the OCI runtime that the wrapper becomes\n"
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

/* The place of the word in the list, or -1. */
static int place_of(const char *word, const char *const *list, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return i;
	return -1;
}

static int parse_mode(const char *text, unsigned char *mode)
{
	static const char *const names[] = { "observe", "shadow", "enforce" };
	int place = place_of(text, names, 3);

	*mode = place < 0 ? 0 : place;
	return place < 0;
}

static int check_hook(const struct options *options)
{
	if (options->profile && !options->pins)
		return usage("--profile goes with --pins");
	if (options->gate != GATE_OFF && !options->verdicts)
		return usage("--gate goes with --verdicts");
	if (!options->profile && !options->verdicts)
		return usage("--profile or --verdicts is needed");
	if ((options->on_missing == MISSING_PACK) != (options->pack != NULL))
		return usage("--on-missing pack and --pack go together");
	if (options->image && !is_digest(options->image))
		return usage("--image takes sha256: and 64 digits");
	return 0;
}

static int run_command(const char *command, const struct options *options)
{
	if (strcmp(command, "layout") == 0)
		return command_layout();
	if (strcmp(command, "runtime") == 0)
		return options->runtime && options->runtime_arguments ? command_runtime(options) :
									usage("--runtime and -- are needed");
	if (strcmp(command, "relay") == 0)
		return options->socket ? command_relay(options) : usage("--socket is needed");
	if (geteuid() != 0)
		return usage("must be started by root; it gives its rights away once all is attached");
	if (strcmp(command, "probe") == 0)
		return options->cgroup_root ? command_probe(options) : usage("--cgroup-root is needed");
	if (strcmp(command, "run") == 0)
		return options->cgroup_root ? command_run(options) : usage("--cgroup-root is needed");
	if (strcmp(command, "hook") == 0)
		return check_hook(options) ? 1 : command_hook(options);
	if (!options->pins)
		return usage("--pins is needed");
	if (strcmp(command, "load") == 0)
		return command_load(options);
	if (strcmp(command, "status") == 0)
		return command_status(options);
	if (strcmp(command, "selftest") == 0)
		return options->cgroup_root && options->profile ? command_selftest(options) :
								  usage("--cgroup-root and --profile are needed");
	return pins_remove(options->pins);
}

int main(int count, char **arguments)
{
	static const struct option known[] = {
		{ "cgroup-root", required_argument, NULL, 'c' }, { "pins", required_argument, NULL, 'p' },
		{ "user", required_argument, NULL, 'u' },	 { "group", required_argument, NULL, 'g' },
		{ "profile", required_argument, NULL, 'P' },	 { "mode", required_argument, NULL, 'm' },
		{ "exec", required_argument, NULL, 'x' },	 { "connect", required_argument, NULL, 'n' },
		{ "listen", required_argument, NULL, 'l' },	 { "file", required_argument, NULL, 'f' },
			 { "on-missing", required_argument, NULL, 'o' },
		{ "gate", required_argument, NULL, 'G' },	 { "gate-unknown", required_argument, NULL, 'U' },
		{ "verdicts", required_argument, NULL, 'V' },	 { "verdict-age", required_argument, NULL, 'a' },
		{ "image", required_argument, NULL, 'i' },	 { "storage", required_argument, NULL, 'S' },
		{ "docker", required_argument, NULL, 'D' },	 { "pack", required_argument, NULL, 'k' },
		{ "runtime", required_argument, NULL, 'r' },
		{ "socket", required_argument, NULL, 's' },	 { "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const char *const commands[] = { "probe", "run", "load", "hook", "runtime", "status", "selftest", "unpin", "relay", "layout" };
	struct options options = {
		.user = NOBODY,
		.group = NOBODY,
		.storage = "/var/lib/containers/storage",
		.docker = "/var/lib/docker",
		.all_arguments = arguments,
	};
	int option, place;

	/* The forbidden program of the self-test: that it runs at all is what it says. */
	if (count == 2 && strcmp(arguments[1], SELFTEST_CANARY) == 0)
		return write(STDOUT_FILENO, "!", 1) == 1 ? 0 : 1;
	libbpf_set_print(NULL);
	/* What stands behind "--" is the runtime's, and no option of ours. */
	for (int i = 1; i < count; i++) {
		if (strcmp(arguments[i], "--") != 0)
			continue;
		options.runtime_arguments = arguments + i + 1;
		arguments[i] = NULL;
		count = i;
	}
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
		case 'f':
			if (parse_mode(optarg, option == 'x' ? &options.exec_mode :
					       option == 'n' ? &options.connect_mode :
					       option == 'f' ? &options.file_mode :
							       &options.listen_mode) != 0)
				return usage("--exec, --connect, --listen and --file take observe, shadow or enforce");
			break;
		case 'o':
			place = place_of(optarg, (const char *const[]){ "allow", "pack", "refuse" }, 3);
			if (place < 0)
				return usage("--on-missing takes allow, pack or refuse");
			options.on_missing = place;
			break;
		case 'G':
			place = place_of(optarg, (const char *const[]){ "off", "warn", "deny" }, 3);
			if (place < 0)
				return usage("--gate takes off, warn or deny");
			options.gate = place;
			break;
		case 'U':
			options.gate_refuses_unknown = place_of(optarg, (const char *const[]){ "allow", "refuse" }, 2);
			if (options.gate_refuses_unknown < 0)
				return usage("--gate-unknown takes allow or refuse");
			break;
		case 'a':
			if (parse_id(optarg, &options.verdict_hours) != 0)
				return usage("--verdict-age takes a number of hours that is not 0");
			break;
		case 'k':
			options.pack = optarg;
			break;
		case 'V':
			options.verdicts = optarg;
			break;
		case 'i':
			options.image = optarg;
			break;
		case 'S':
			options.storage = optarg;
			break;
		case 'D':
			options.docker = optarg;
			break;
		case 'r':
			options.runtime = optarg;
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
