/* SPDX-License-Identifier: Apache-2.0 */
/* Finds values in JSON that runtimes wrote, without building anything: what a hook needs of it are a few words. */
#ifndef PLIMSOLL_JSON_TEXT_H
#define PLIMSOLL_JSON_TEXT_H

#include <stddef.h>

/* A value within a text, from its first byte to its last. */
struct json {
	const char *at;
	size_t size;
};

/* The member of this name of an object itself, not of what lies in it; 0, or 1 where it has none or is no object. */
int json_member(struct json object, const char *name, struct json *value);

/* The next element of an array behind `*place`, which is at first the array's own start; 0, or 1 where there is no more. */
int json_element(struct json array, const char **place, struct json *value);

/* Copies a string without escapes that fits, NUL behind it; 0, or 1. */
int json_text(struct json value, char *text, size_t size);

/* A whole number that is no less than 0 and fits an int; -1 where it is none. */
long json_number(struct json value);

/* A file of at most `most` bytes that root owns and nobody else may write; the caller frees. NULL, errno set (EPERM: others may write it). */
char *read_own_file(const char *path, size_t most, size_t *size);

#endif
