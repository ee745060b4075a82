/* What containers do in tests: one call each, and its errno on standard output (0: it worked). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/io_uring.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static socklen_t address_of(const char *text, const char *port, struct sockaddr_storage *address)
{
	struct sockaddr_in *four = (void *)address;
	struct sockaddr_in6 *six = (void *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(atoi(port));
		return sizeof(*four);
	}
	inet_pton(AF_INET6, text, &six->sin6_addr);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(atoi(port));
	return sizeof(*six);
}

static int say(int failed)
{
	int error = failed ? errno : 0;

	printf("%d\n", error);
	return error != 0;
}

/* connect(2) by io_uring(7); with a thread of the kernel that looks for work (SQPOLL), it is that thread which connects. */
static int connect_by_ring(int fd, const void *address, socklen_t length, unsigned flags)
{
	struct io_uring_params ring = { .flags = flags, .sq_thread_idle = 1000 };
	int ring_fd = syscall(SYS_io_uring_setup, 1, &ring);
	struct io_uring_cqe *answers;
	struct io_uring_sqe *calls;
	char *submitted, *completed;

	if (ring_fd < 0)
		return say(1);
	submitted = mmap(NULL, ring.sq_off.array + ring.sq_entries * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd,
			 IORING_OFF_SQ_RING);
	completed = mmap(NULL, ring.cq_off.cqes + ring.cq_entries * sizeof(*answers), PROT_READ | PROT_WRITE, MAP_SHARED,
			 ring_fd, IORING_OFF_CQ_RING);
	calls = mmap(NULL, ring.sq_entries * sizeof(*calls), PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, IORING_OFF_SQES);
	if (submitted == MAP_FAILED || completed == MAP_FAILED || calls == MAP_FAILED)
		return say(1);
	memset(calls, 0, sizeof(*calls));
	calls->opcode = IORING_OP_CONNECT;
	calls->fd = fd;
	calls->addr = (unsigned long)address;
	calls->off = length;
	*(unsigned *)(submitted + ring.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(submitted + ring.sq_off.tail), 1, __ATOMIC_RELEASE);
	/* Its thread may have gone to sleep. */
	if (syscall(SYS_io_uring_enter, ring_fd, flags ? 0 : 1, 1,
		    IORING_ENTER_GETEVENTS | (flags ? IORING_ENTER_SQ_WAKEUP : 0), NULL, 0) < 0)
		return say(1);
	answers = (struct io_uring_cqe *)(completed + ring.cq_off.cqes);
	printf("%d\n", -answers->res);
	return answers->res != 0;
}

static int on_socket(const char *what, const char *text, const char *port)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(text, port, &address);
	int is_datagram = strncmp(what, "udp", 3) == 0;
	int fd;

	if (strcmp(what, "raw") == 0)
		return say(socket(address.ss_family, SOCK_RAW, atoi(port)) < 0);
	if (strcmp(what, "mptcp") == 0)
		return say(socket(address.ss_family, SOCK_STREAM, IPPROTO_MPTCP) < 0);
	fd = socket(address.ss_family, is_datagram ? SOCK_DGRAM : SOCK_STREAM,
		    strncmp(what, "udplite-", 8) == 0 ? IPPROTO_UDPLITE : 0);
	if (fd < 0)
		return say(1);
	if (is_datagram)
		what = strchr(what, '-') + 1;
	if (strcmp(what, "ring-connect") == 0)
		return connect_by_ring(fd, &address, length, 0);
	if (strcmp(what, "ring-thread-connect") == 0)
		return connect_by_ring(fd, &address, length, IORING_SETUP_SQPOLL);
	if (strcmp(what, "fastopen") == 0)
		return say(sendto(fd, "x", 1, MSG_FASTOPEN, (void *)&address, length) != 1);
	if (strcmp(what, "read") == 0) {
		char text[100];
		ssize_t got;

		if (connect(fd, (void *)&address, length) != 0 || (got = read(fd, text, sizeof(text))) < 0)
			return say(1);
		printf("%.*s\n", (int)got, text);
		return 0;
	}
	if (strcmp(what, "try-connect") == 0) { /* no longer than a second */
		struct timeval patience = { .tv_sec = 1 };

		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(fd, (void *)&address, length) == 0)
			return say(0);
		printf("%d\n", errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno);
		return 1;
	}
	if (strcmp(what, "connect") == 0)
		return say(connect(fd, (void *)&address, length) != 0);
	if (strcmp(what, "bind") == 0)
		return say(bind(fd, (void *)&address, length) != 0);
	if (strcmp(what, "send") == 0)
		return say(sendto(fd, "x", 1, 0, (void *)&address, length) != 1);
	return 99;
}

/* Runs a copy of the program that no file system shows. */
static int from_memory(char **arguments)
{
	/* The name that runc gives to the copy of itself. */
	int from = open(arguments[0], O_RDONLY), to = memfd_create(getenv("MEMORY_NAME") ?: "hidden", 0);
	struct stat found;

	if (from < 0 || to < 0 || fstat(from, &found) != 0 || sendfile(to, from, NULL, found.st_size) != found.st_size)
		return say(1);
	fexecve(to, arguments, environ);
	return say(1);
}

/* Listens where the kernel likes, says where, and waits. */
static int listen_unbound(void)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (listen(fd, 8) != 0 || getsockname(fd, (void *)&address, &length) != 0)
		return say(1);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	pause();
	return 0;
}

static void *exec_from_thread(void *path)
{
	execl(path, path, NULL);
	exit(say(1));
}

/* The signal that ended what was spawned. */
static int spawn(char *path)
{
	char *arguments[] = { path, NULL };
	int status = 0;
	pid_t child;

	if (posix_spawn(&child, path, NULL, NULL, arguments, environ) != 0 || waitpid(child, &status, 0) != child)
		return say(1);
	printf("%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return 0;
}

/* Many events, quickly: so many sockets are bound. */
static int flood(int times)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	while (times-- > 0) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		if (fd < 0 || bind(fd, (void *)&address, sizeof(address)) != 0)
			return say(1);
		close(fd);
	}
	return 0;
}

/* A socket of a family whose packets pass all hooks of the Internet's. */
static int other_family(const char *what)
{
	if (strcmp(what, "packet") == 0)
		return say(socket(AF_PACKET, SOCK_RAW, 0) < 0);
	if (strcmp(what, "vsock") == 0)
		return say(socket(AF_VSOCK, SOCK_STREAM, 0) < 0);
	if (strcmp(what, "xdp") == 0)
		return say(socket(AF_XDP, SOCK_RAW, 0) < 0);
	return say(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) < 0); /* ping */
}

/* bind(2) to a port that others may bind too. */
static int bind_shared(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	return say(bind(fd, (void *)&address, sizeof(address)) != 0);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return say(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof(address)) != 0);
}

int main(int count, char **arguments)
{
	if (count == 2 && strcmp(arguments[1], "inherited") == 0)
		return say(send(STDIN_FILENO, "x", 1, 0) != 1);
	if (count == 3 && strcmp(arguments[1], "family") == 0)
		return other_family(arguments[2]);
	if (count == 3 && strcmp(arguments[1], "bind-shared") == 0)
		return bind_shared(arguments[2]);
	if (count == 3 && strcmp(arguments[1], "unix") == 0)
		return connect_unix(arguments[2]);
	if (count == 2 && strcmp(arguments[1], "nothing") == 0)
		return 0;
	if (count == 2 && strcmp(arguments[1], "listen") == 0)
		return listen_unbound();
	if (count > 2 && strcmp(arguments[1], "memory") == 0)
		return from_memory(arguments + 2);
	if (count == 3 && strcmp(arguments[1], "flood") == 0)
		return flood(atoi(arguments[2]));
	if (count == 3 && strcmp(arguments[1], "spawn") == 0)
		return spawn(arguments[2]);
	if (count == 3 && strcmp(arguments[1], "thread") == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, exec_from_thread, arguments[2]);
		pause();
	}
	if (count == 4)
		return on_socket(arguments[1], arguments[2], arguments[3]);
	return 99;
}
