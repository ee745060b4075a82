/*
 * So many operations of one kind, as quickly as they go; nanoseconds for each on standard output.
 *     agent-work open|write|exec|connect|bind COUNT DIRECTORY
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in server;
static int listener;
static char path[4096];

static int fail(const char *what)
{
	fprintf(stderr, "agent-work: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void open_file(int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		fail("open");
	close(fd);
}

static void spawn(char *self)
{
	char *arguments[] = { self, "nothing", NULL };
	int status;
	pid_t child;

	if (posix_spawn(&child, self, NULL, NULL, arguments, environ) != 0 || waitpid(child, &status, 0) != child || status != 0)
		fail("spawn");
}

static void connect_once(void)
{
	int client = socket(AF_INET, SOCK_STREAM, 0), accepted;

	if (connect(client, (void *)&server, sizeof(server)) != 0 || (accepted = accept(listener, NULL, NULL)) < 0)
		fail("connect");
	close(client);
	close(accepted);
}

static void bind_once(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(fd, (void *)&any, sizeof(any)) != 0)
		fail("bind");
	close(fd);
}

static void prepare(const char *directory)
{
	socklen_t length = sizeof(server);

	snprintf(path, sizeof(path), "%s/file", directory);
	open_file(O_CREAT | O_WRONLY);
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&server, sizeof(server)) != 0 || listen(listener, 16) != 0 ||
	    getsockname(listener, (void *)&server, &length) != 0)
		fail("listener");
}

int main(int count, char **arguments)
{
	struct timespec start, end;
	long times;

	if (count == 2)
		return 0;
	if (count != 4)
		return 1;
	times = atol(arguments[2]);
	prepare(arguments[3]);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (long i = 0; i < times; i++) {
		if (strcmp(arguments[1], "open") == 0)
			open_file(O_RDONLY);
		else if (strcmp(arguments[1], "write") == 0)
			open_file(O_WRONLY);
		else if (strcmp(arguments[1], "exec") == 0)
			spawn("/proc/self/exe");
		else if (strcmp(arguments[1], "connect") == 0)
			connect_once();
		else
			bind_once();
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.1f\n", ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / times);
	return 0;
}
