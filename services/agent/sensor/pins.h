/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives the process: links and maps, in a bpffs of Plimsoll's own that only root may enter. */
#ifndef PLIMSOLL_PINS_H
#define PLIMSOLL_PINS_H

#include <bpf/libbpf.h>

/* Makes the directory a bpffs of its own if it is none; 0, or says on standard error why it cannot be used. */
int pins_prepare(const char *directory);

/* Maps that are pinned there already are used again when the object is loaded, others are pinned. */
void pins_share_maps(struct bpf_object *object, const char *directory);

#endif
