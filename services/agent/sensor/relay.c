/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages from standard input, each behind its length (u32, little-endian), to a Unix datagram socket, which Node cannot speak to:
 * that of a system's logger. One byte on standard output for each: '+' it was taken, '-' it was too long for the socket.
 */
#include <errno.h>
#include <linux/types.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"

#define MESSAGE_MAX (1 << 20)

static int fail(const char *socket, const char *why)
{
	fprintf(stderr, "plimsoll-sensor: --socket %s: %s\n", socket, why);
	return 1;
}

/* 1: all is read; 0: there is no more; -1: it ends within, or fails. */
static int read_all(void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = read(STDIN_FILENO, (char *)to + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 && done == 0 ? 0 : -1;
		done += got;
	}
	return 1;
}

int command_relay(const struct options *options)
{
	static char message[MESSAGE_MAX];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	__u32 length;
	int more;

	if (strlen(options->socket) >= sizeof(address.sun_path))
		return fail(options->socket, strerror(ENAMETOOLONG));
	strcpy(address.sun_path, options->socket);
	if (fd < 0 || connect(fd, (void *)&address, sizeof(address)) != 0)
		return fail(options->socket, strerror(errno));
	if (geteuid() == 0 && drop_rights(options) != 0)
		return 1;
	while ((more = read_all(&length, sizeof(length))) > 0) {
		char answer = '+';

		if (length > MESSAGE_MAX || read_all(message, length) <= 0)
			return fail(options->socket, "standard input is no message");
		while (send(fd, message, length, MSG_NOSIGNAL) < 0) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			if (errno == EMSGSIZE) {
				answer = '-';
				break;
			}
			if (errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
				return fail(options->socket, strerror(errno));
			poll(&wait, 1, 100);
		}
		if (write(STDOUT_FILENO, &answer, 1) != 1)
			return 1;
	}
	return more < 0;
}
