/* SPDX-License-Identifier: Apache-2.0 */
/* Which image a container is made of, as its runtime keeps it in files of root's own. */
#ifndef PLIMSOLL_IMAGES_H
#define PLIMSOLL_IMAGES_H

#include "commands.h"

#define DIGEST_SIZE 72 /* "sha256:", 64 digits and NUL */

/* "" where it is not told. */
struct image {
	char manifest[DIGEST_SIZE];
	char config[DIGEST_SIZE];
};

/*
 * The image that --image names, or that the stores of podman and CRI-O (--storage) or of Docker (--docker) know for the
 * container of this id. Labels and annotations, which whoever starts a container may write, are not looked at.
 */
void image_of(const struct options *options, const char *container, struct image *image);

/* 1 for "sha256:" and 64 lower-case digits. */
int is_digest(const char *text);

#endif
