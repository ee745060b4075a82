/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLIMSOLL_COUNTERS_H
#define PLIMSOLL_COUNTERS_H

#include "events.h"

/* What the maps have counted, of all processors together, with both clocks; 0, or 1 where it cannot be read. */
int counters_read(int rows_fd, int refused_fd, int tallies_fd, struct counters_frame *counters);

#endif
