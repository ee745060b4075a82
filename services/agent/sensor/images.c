/* SPDX-License-Identifier: Apache-2.0 */
#include "images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json-text.h"

#define STORE_MAX (64 << 20)

int is_digest(const char *text)
{
	return strncmp(text, "sha256:", 7) == 0 && strlen(text) == DIGEST_SIZE - 1 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

static void keep_digest(struct json value, char *digest)
{
	if (json_text(value, digest, DIGEST_SIZE) != 0 || !is_digest(digest))
		digest[0] = 0;
}

/* The member of the element of an array of objects whose `id` this is; 0, or 1. */
static int find(struct json array, const char *id, const char *member, struct json *value)
{
	const char *place = array.at;
	struct json element, own;
	char text[128];

	while (json_element(array, &place, &element) == 0)
		if (json_member(element, "id", &own) == 0 && json_text(own, text, sizeof(text)) == 0 && strcmp(text, id) == 0)
			return json_member(element, member, value);
	return 1;
}

/* containers/storage: the id of an image is the digest of its config. */
static int from_storage(const char *directory, const char *container, struct image *image)
{
	char path[4096], id[72];
	struct json all, value;
	char *bytes;
	int found;

	snprintf(path, sizeof(path), "%s/overlay-containers/containers.json", directory);
	bytes = read_own_file(path, STORE_MAX, &all.size);
	if (!bytes)
		return 1;
	all.at = bytes;
	found = find(all, container, "image", &value) == 0 && json_text(value, id, sizeof(id)) == 0 && strlen(id) == 64;
	free(bytes);
	if (!found)
		return 1;
	snprintf(image->config, sizeof(image->config), "sha256:%s", id);
	if (!is_digest(image->config))
		image->config[0] = 0;
	snprintf(path, sizeof(path), "%s/overlay-images/images.json", directory);
	bytes = read_own_file(path, STORE_MAX, &all.size);
	if (!bytes)
		return 0;
	all.at = bytes;
	if (find(all, id, "digest", &value) == 0)
		keep_digest(value, image->manifest);
	free(bytes);
	return 0;
}

/* With graph drivers `Image` is the digest of the config, with containerd's image store that of a manifest or an index. */
static void from_docker(const char *directory, const char *container, struct image *image)
{
	char path[4096];
	struct json all, value, inner;
	char *bytes;

	if (strlen(container) != 64 || strspn(container, "0123456789abcdef") != 64)
		return;
	snprintf(path, sizeof(path), "%s/containers/%s/config.v2.json", directory, container);
	bytes = read_own_file(path, STORE_MAX, &all.size);
	if (!bytes)
		return;
	all.at = bytes;
	if (json_member(all, "ImageManifest", &value) == 0 && json_member(value, "digest", &inner) == 0)
		keep_digest(inner, image->manifest);
	if (!image->manifest[0] && json_member(all, "Image", &value) == 0)
		keep_digest(value, image->config);
	free(bytes);
}

void image_of(const struct options *options, const char *container, struct image *image)
{
	memset(image, 0, sizeof(*image));
	if (options->image)
		snprintf(image->manifest, sizeof(image->manifest), "%s", options->image);
	else if (from_storage(options->storage, container, image) != 0)
		from_docker(options->docker, container, image);
}
