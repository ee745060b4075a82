/* SPDX-License-Identifier: Apache-2.0 */
#include "json-text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct text {
	const char *at, *end;
};

static void skip_space(struct text *text)
{
	while (text->at < text->end && *text->at && strchr(" \t\r\n", *text->at))
		text->at++;
}

/* Behind a string; *value is what is between its quotes. 0, or 1 where there is none. */
static int skip_string(struct text *text, struct json *value)
{
	if (text->at >= text->end || *text->at != '"')
		return 1;
	value->at = ++text->at;
	while (text->at < text->end && *text->at != '"')
		text->at += *text->at == '\\' ? 2 : 1;
	if (text->at >= text->end)
		return 1;
	value->size = text->at++ - value->at;
	return 0;
}

/* Behind any value: brackets are counted, not matched, which is enough to find where it ends. */
static int skip_value(struct text *text)
{
	struct json string;
	int depth = 0;

	while (text->at < text->end) {
		char byte = *text->at;

		if (byte == '"') {
			if (skip_string(text, &string))
				return 1;
			if (depth == 0)
				return 0;
			continue;
		}
		if (depth == 0 && (byte == ',' || byte == '}' || byte == ']'))
			return 0;
		if (byte == '{' || byte == '[')
			depth++;
		if ((byte == '}' || byte == ']') && --depth == 0) {
			text->at++;
			return 0;
		}
		text->at++;
	}
	return depth != 0;
}

static int take(struct text *text, char byte)
{
	skip_space(text);
	if (text->at >= text->end || *text->at != byte)
		return 0;
	text->at++;
	return 1;
}

static int read_value(struct text *text, struct json *value)
{
	skip_space(text);
	value->at = text->at;
	if (skip_value(text) || text->at == value->at)
		return 1;
	value->size = text->at - value->at;
	return 0;
}

int json_member(struct json object, const char *name, struct json *value)
{
	struct text text = { .at = object.at, .end = object.at + object.size };
	struct json key;

	if (!take(&text, '{'))
		return 1;
	do {
		skip_space(&text);
		if (skip_string(&text, &key) || !take(&text, ':') || read_value(&text, value))
			return 1;
		if (key.size == strlen(name) && memcmp(key.at, name, key.size) == 0)
			return 0;
	} while (take(&text, ','));
	return 1;
}

int json_element(struct json array, const char **place, struct json *value)
{
	struct text text = { .at = *place, .end = array.at + array.size };

	if (!take(&text, *place == array.at ? '[' : ',') || read_value(&text, value))
		return 1;
	*place = text.at;
	return 0;
}

int json_text(struct json value, char *text, size_t size)
{
	if (value.size < 2 || value.size - 2 >= size || value.at[0] != '"' || memchr(value.at, '\\', value.size))
		return 1;
	memcpy(text, value.at + 1, value.size - 2);
	text[value.size - 2] = 0;
	return 0;
}

long json_number(struct json value)
{
	long number = 0;
	size_t i = 0;

	for (; i < value.size && value.at[i] >= '0' && value.at[i] <= '9'; i++) {
		if (number > (INT_MAX - 9) / 10)
			return -1;
		number = number * 10 + (value.at[i] - '0');
	}
	/* Space may stand behind it. */
	return i == 0 || (i < value.size && !strchr(" \t\r\n", value.at[i])) ? -1 : number;
}

char *read_own_file(const char *path, size_t most, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat found;
	char *bytes = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) || found.st_uid != 0 || (found.st_mode & 0022) != 0)
		errno = EPERM;
	else if ((size_t)found.st_size > most)
		errno = EFBIG;
	else
		bytes = malloc(found.st_size + 1);
	for (*size = 0; bytes && *size < (size_t)found.st_size;) {
		ssize_t got = read(fd, bytes + *size, found.st_size - *size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(bytes);
			bytes = NULL;
			errno = EIO;
			break;
		}
		*size += got;
	}
	close(fd);
	if (bytes)
		bytes[*size] = 0;
	return bytes;
}
