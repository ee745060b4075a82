/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on standard output, many in one write. */
#ifndef PLIMSOLL_SINK_H
#define PLIMSOLL_SINK_H

#include <stddef.h>

/* Ends the process where nobody reads any more; pins stay. */
void sink_put(const void *frame, size_t length);
void sink_flush(void);

#endif
