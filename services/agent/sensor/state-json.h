/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the one number that a hook needs of the state of a container (OCI runtime-spec, runtime.md). */
#ifndef PLIMSOLL_STATE_JSON_H
#define PLIMSOLL_STATE_JSON_H

#include <stddef.h>

/*
 * The member `pid` of the object itself; -1 where it has none or is no JSON object. Annotations, which whoever started
 * the container may have written, lie deeper and are skipped.
 */
long state_process(const char *text, size_t length);

#endif
