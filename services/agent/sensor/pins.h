/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives the process: links and maps, in a bpffs of Plimsoll's own that only root may enter. */
#ifndef PLIMSOLL_PINS_H
#define PLIMSOLL_PINS_H

#include <bpf/libbpf.h>

/* Makes the directory a bpffs of its own if it is none; 0, or says on standard error why it cannot be used. */
int pins_prepare(const char *directory);

/* Maps that are pinned there already are used again when the object is loaded, others are pinned. */
void pins_share_maps(struct bpf_object *object, const char *directory);

/* A descriptor of a map that is pinned there; -1 where there is none. */
int pins_open_map(const char *directory, const char *name);

/*
 * A lock that is held while the descriptor that is returned is open; two of one name exclude each other, `wait`ing or not. -1: held by
 * another, or there are no pins, which is said on standard error.
 */
int pins_lock(const char *directory, const char *name, int wait);

/* Takes off everything that is pinned there: programs are detached, profiles and rows forgotten. 0, or 1. */
int pins_remove(const char *directory);

#endif
