/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process in a cgroup of its own that has the profile tries what that forbids: to run this very binary, to write a file, to bind and to connect. What
 * was stopped is told from outside too: whether the forbidden program said something, and whether the listener was reached.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups.h"
#include "commands.h"

#define PATIENCE_S 10

/* What a try says of itself before its end: the errno of the call. */
struct tried {
	int error;
	int said; /* the forbidden program ran */
	int signal; /* that ended it */
};

static int fail(const char *what)
{
	fprintf(stderr, "plimsoll-sensor: the self-test: %s: %s\n", what, strerror(errno));
	return 1;
}

static int try_exec(int listener)
{
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)listener;
	if (length < 0)
		return errno;
	self[length] = 0;
	execl(self, self, SELFTEST_CANARY, NULL);
	return errno;
}

static int try_write(int listener)
{
	char path[] = "/tmp/plimsoll-selftest-XXXXXX";
	int fd = mkstemp(path);

	(void)listener;
	if (fd < 0)
		return errno;
	unlink(path);
	return 0;
}

static int try_bind(int listener)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)listener;
	/* A port that nobody has; one that is taken would be refused for another reason. */
	for (int port = 49152; port < 65536; port++) {
		address.sin_port = htons(port);
		if (bind(fd, (void *)&address, sizeof(address)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return errno;
	}
	return errno;
}

static int try_connect(int listener)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (getsockname(listener, (void *)&address, &length) != 0)
		return errno;
	return connect(fd, (void *)&address, length) == 0 ? 0 : errno;
}

/* In a process of its own, which is in the cgroup before it tries. */
static int try(const char *directory, int listener, int (*act)(int), struct tried *tried)
{
	int pipes[2], answers[2], status;
	char ignored;
	pid_t child;

	memset(tried, 0, sizeof(*tried));
	if (pipe2(pipes, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0)
		return 1;
	child = fork();
	if (child == 0) {
		char path[4300];
		int fd, error;

		snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(1);
		close(fd);
		dup2(pipes[1], STDOUT_FILENO);
		alarm(PATIENCE_S);
		error = act(listener);
		_exit(write(answers[1], &error, sizeof(error)) != sizeof(error));
	}
	close(pipes[1]);
	close(answers[1]);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	tried->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	tried->said = read(pipes[0], &ignored, 1) == 1;
	if (read(answers[0], &tried->error, sizeof(tried->error)) != sizeof(tried->error))
		tried->error = -1;
	close(pipes[0]);
	close(answers[0]);
	return tried->error == -1 && !tried->said && !tried->signal;
}

/* "denied": the call failed with EPERM; "killed"; "happened"; or another errno, which is no answer of ours. */
static void print(const char *control, const char *outcome, int error, const char *separator)
{
	printf("%s{\"control\":\"%s\",\"outcome\":\"%s\",\"errno\":%d}", separator, control, outcome, error);
}

static const char *outcome_of(const struct tried *tried, int happened)
{
	if (happened)
		return "happened";
	if (tried->signal)
		return tried->signal == SIGKILL ? "killed" : "failed";
	return tried->error == EPERM || tried->error == EACCES ? "denied" : tried->error == 0 ? "happened" : "failed";
}

static int run_all(const char *directory)
{
	static const struct {
		const char *control;
		int (*act)(int);
	} all[] = { { "exec", try_exec }, { "file", try_write }, { "listen", try_bind }, { "connect", try_connect } };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (listener < 0 || bind(listener, (void *)&address, sizeof(address)) != 0 || listen(listener, 8) != 0)
		return fail("a listener");
	fputs("{\"tries\":[", stdout);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct tried tried;
		int reached;

		if (try(directory, listener, all[i].act, &tried) != 0)
			return fail(all[i].control);
		reached = accept(listener, NULL, NULL) >= 0;
		print(all[i].control, outcome_of(&tried, tried.said || reached), tried.error > 0 ? tried.error : 0, i ? "," : "");
	}
	puts("]}");
	return 0;
}

int command_selftest(const struct options *options)
{
	char directory[4200];
	struct watched root;
	struct stat found;
	const char *why;
	int result = 1;

	if (cgroups_open(options->cgroup_root, &root) != 0)
		return 1;
	snprintf(directory, sizeof(directory), "%s/plimsoll-selftest-%d", root.directory, getpid());
	if (mkdir(directory, 0700) != 0)
		return fail(directory);
	why = stat(directory, &found) == 0 ? give_profile(options, found.st_ino, options->profile) : strerror(errno);
	if (why)
		fprintf(stderr, "plimsoll-sensor: the self-test has no profile: %s\n", why);
	else
		result = run_all(directory);
	/* A process that has just been killed may still be in it. */
	for (int i = 0; rmdir(directory) != 0 && i < 200; i++)
		poll(NULL, 0, 10);
	return result;
}
