/* SPDX-License-Identifier: Apache-2.0 */
#include "state-json.h"

#include <limits.h>
#include <string.h>

struct text {
	const char *at, *end;
};

static void skip_space(struct text *text)
{
	while (text->at < text->end && strchr(" \t\r\n", *text->at) && *text->at)
		text->at++;
}

/* Behind a string; *start and *size are what is between its quotes. 0, or 1 where there is none. */
static int skip_string(struct text *text, const char **start, size_t *size)
{
	if (text->at >= text->end || *text->at != '"')
		return 1;
	*start = ++text->at;
	while (text->at < text->end && *text->at != '"')
		text->at += *text->at == '\\' ? 2 : 1;
	if (text->at >= text->end)
		return 1;
	*size = text->at++ - *start;
	return 0;
}

/* Behind any value: brackets are counted, not matched, which is enough to find where it ends. */
static int skip_value(struct text *text)
{
	const char *start;
	size_t size;
	int depth = 0;

	while (text->at < text->end) {
		char byte = *text->at;

		if (byte == '"') {
			if (skip_string(text, &start, &size))
				return 1;
			if (depth == 0)
				return 0;
			continue;
		}
		if (depth == 0 && (byte == ',' || byte == '}'))
			return 0;
		if (byte == '{' || byte == '[')
			depth++;
		if ((byte == '}' || byte == ']') && --depth == 0) {
			text->at++;
			return 0;
		}
		text->at++;
	}
	return 1;
}

static long number(struct text *text)
{
	long value = 0;
	const char *start = text->at;

	while (text->at < text->end && *text->at >= '0' && *text->at <= '9') {
		if (value > (INT_MAX - 9) / 10)
			return -1;
		value = value * 10 + (*text->at++ - '0');
	}
	return text->at == start || text->at == text->end || !strchr(",} \t\r\n", *text->at) ? -1 : value;
}

long state_process(const char *bytes, size_t length)
{
	struct text text = { .at = bytes, .end = bytes + length };
	const char *name;
	size_t size;

	skip_space(&text);
	if (text.at >= text.end || *text.at++ != '{')
		return -1;
	for (;;) {
		skip_space(&text);
		if (skip_string(&text, &name, &size))
			return -1;
		skip_space(&text);
		if (text.at >= text.end || *text.at++ != ':')
			return -1;
		skip_space(&text);
		if (size == 3 && memcmp(name, "pid", 3) == 0)
			return number(&text);
		if (skip_value(&text))
			return -1;
		skip_space(&text);
		if (text.at >= text.end || *text.at++ != ',')
			return -1;
	}
}
