/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the place of an OCI runtime, where no setting adds hooks (Docker): writes our hook into the bundle of a container that is
 * made, and becomes the runtime. All its own options, but --runtime, are those of the hook.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "json-text.h"
#include "json.h"

#define BUNDLE_MAX (16 << 20)

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "plimsoll: %s: %s\n", what, why);
	return 1;
}

/* The bundle of `create` and `run`; NULL where the runtime is asked for something else. */
static const char *bundle_of(char **arguments)
{
	const char *bundle = ".";
	int makes = 0;

	for (; *arguments; arguments++) {
		if (strcmp(*arguments, "create") == 0 || strcmp(*arguments, "run") == 0)
			makes = 1;
		else if (makes && strncmp(*arguments, "--bundle=", 9) == 0)
			bundle = *arguments + 9;
		else if (makes && (strcmp(*arguments, "--bundle") == 0 || strcmp(*arguments, "-b") == 0) && arguments[1])
			bundle = arguments[1];
	}
	return makes ? bundle : NULL;
}

/* `{"path":…,"args":[…]}`: this very program as the hook. */
static void put_hook(FILE *to, const struct options *options)
{
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = 0;
	fputs("{\"path\":", to);
	json_string(to, self);
	fputs(",\"args\":[\"plimsoll-sensor\",\"hook\"", to);
	for (char **argument = options->all_arguments + 1; *argument; argument++) {
		if (strcmp(*argument, "runtime") == 0 || strncmp(*argument, "--runtime=", 10) == 0)
			continue;
		if (strcmp(*argument, "--runtime") == 0) {
			argument++;
			continue;
		}
		fputc(',', to);
		json_string(to, *argument);
	}
	fputs("]}", to);
}

/* Before what the value, an object or a list, already has. */
static void put_within(FILE *to, struct json value, const struct options *options, const char *name)
{
	const char *rest = value.at + 1;

	while (rest < value.at + value.size - 1 && strchr(" \t\r\n", *rest))
		rest++;
	fputc(value.at[0], to);
	if (name)
		fprintf(to, "\"%s\":[", name);
	put_hook(to, options);
	if (name)
		fputc(']', to);
	if (rest < value.at + value.size - 1)
		fputc(',', to);
	fwrite(value.at + 1, 1, value.size - 1, to);
}

static void put_config(FILE *to, struct json config, const struct options *options)
{
	struct json hooks, list;

	if (json_member(config, "hooks", &hooks) != 0 || hooks.at[0] != '{') {
		fputs("{\"hooks\":{\"createRuntime\":[", to);
		put_hook(to, options);
		fputs("]},", to);
		fwrite(strchr(config.at, '{') + 1, 1, config.at + config.size - strchr(config.at, '{') - 1, to);
		return;
	}
	if (json_member(hooks, "createRuntime", &list) == 0 && list.at[0] == '[') {
		fwrite(config.at, 1, list.at - config.at, to);
		put_within(to, list, options, NULL);
	} else {
		list = hooks;
		fwrite(config.at, 1, hooks.at - config.at, to);
		put_within(to, hooks, options, "createRuntime");
	}
	fwrite(list.at + list.size, 1, config.at + config.size - list.at - list.size, to);
}

/* The whole new file, or the old one. */
static int add_hook(const char *bundle, const struct options *options)
{
	char path[4096], new[4096];
	struct json config, object;
	char *bytes;
	FILE *to;

	snprintf(path, sizeof(path), "%s/config.json", bundle);
	snprintf(new, sizeof(new), "%s/.config.json.plimsoll", bundle);
	bytes = read_own_file(path, BUNDLE_MAX, &config.size);
	if (!bytes)
		return fail(path, strerror(errno));
	config.at = bytes;
	if (json_member(config, "process", &object) != 0)
		return fail(path, "is no bundle's configuration");
	unlink(new);
	to = fopen(new, "wxe");
	if (!to)
		return fail(new, strerror(errno));
	fchmod(fileno(to), 0600);
	put_config(to, config, options);
	if (ferror(to) || fclose(to) != 0 || rename(new, path) != 0)
		return fail(new, strerror(errno));
	free(bytes);
	return 0;
}

int command_runtime(const struct options *options)
{
	const char *bundle = bundle_of(options->runtime_arguments);

	if (bundle && add_hook(bundle, options) != 0)
		return 1;
	/* The first of its arguments is the name of the program, whose place is free: the "--". */
	options->runtime_arguments[-1] = (char *)options->runtime;
	execv(options->runtime, options->runtime_arguments - 1);
	return fail(options->runtime, strerror(errno));
}
