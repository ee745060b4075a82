/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLIMSOLL_JSON_H
#define PLIMSOLL_JSON_H

#include <stdio.h>

/* A JSON string (RFC 8259). Bytes that are no ASCII are written as U+00XX: names of ours have none, paths may. */
static inline void json_string(FILE *to, const char *text)
{
	fputc('"', to);
	for (const unsigned char *byte = (const unsigned char *)text; *byte; byte++) {
		if (*byte == '"' || *byte == '\\')
			fprintf(to, "\\%c", *byte);
		else if (*byte < 0x20 || *byte >= 0x7f)
			fprintf(to, "\\u%04x", *byte);
		else
			fputc(*byte, to);
	}
	fputc('"', to);
}

#endif
