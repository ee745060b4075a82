/* SPDX-License-Identifier: Apache-2.0 */
#include "sink.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned char buffer[256 << 10];
static size_t used;

void sink_flush(void)
{
	size_t done = 0;

	while (done < used) {
		ssize_t written = write(STDOUT_FILENO, buffer + done, used - done);

		if (written >= 0) {
			done += written;
		} else if (errno == EAGAIN) {
			struct pollfd wait = { .fd = STDOUT_FILENO, .events = POLLOUT };

			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			if (errno != EPIPE)
				fprintf(stderr, "plimsoll-sensor: standard output: %s\n", strerror(errno));
			_exit(errno == EPIPE ? 0 : 1);
		}
	}
	used = 0;
}

void sink_put(const void *frame, size_t length)
{
	if (used + length > sizeof(buffer))
		sink_flush();
	memcpy(buffer + used, frame, length);
	used += length;
}
