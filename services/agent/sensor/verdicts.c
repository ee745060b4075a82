/* SPDX-License-Identifier: Apache-2.0 */
#include "verdicts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512
#define DIGEST_LENGTH 71

static const char *parse(const char *start, const char *end, struct verdict_line *line)
{
	char text[LINE_MAX_BYTES], decision[8];
	int consumed = 0;

	if (end - start >= LINE_MAX_BYTES)
		return "the file of verdicts has a line that is too long";
	memcpy(text, start, end - start);
	text[end - start] = 0;
	if (sscanf(text, "%*71s %7s %lld %55s %63s %n", decision, &line->judged, line->profile, line->rule, &consumed) != 4 ||
	    consumed == 0)
		return "the file of verdicts has a line that is none";
	snprintf(line->text, sizeof(line->text), "%s", text + consumed);
	if (strcmp(line->profile, "-") == 0)
		line->profile[0] = 0;
	if (strcmp(line->rule, "-") == 0)
		line->rule[0] = 0;
	if (strcmp(decision, "allow") == 0)
		line->decision = DECISION_ALLOW;
	else if (strcmp(decision, "deny") == 0)
		line->decision = DECISION_DENY;
	else if (strcmp(decision, "unknown") == 0)
		line->decision = DECISION_UNKNOWN;
	else
		return "the file of verdicts has a decision that is not known";
	return NULL;
}

/* Halves the file until the line is found: lines have no fixed length, so that each guess is moved to the start of its line. */
static const char *search(const char *bytes, size_t size, const char *digest, struct verdict_line *line)
{
	const char *head_end = memchr(bytes, '\n', size), *low, *high = bytes + size;

	if (!head_end || strncmp(bytes, "plimsoll-verdicts 1 ", 20) != 0 || bytes[size - 1] != '\n')
		return "the file of verdicts is none, or not whole";
	for (low = head_end + 1; low < high;) {
		const char *start = low + (high - low) / 2, *end;
		int order;

		while (start > low && start[-1] != '\n')
			start--;
		end = memchr(start, '\n', bytes + size - start);
		if (end - start < DIGEST_LENGTH)
			return "the file of verdicts has a line that is none";
		order = memcmp(digest, start, DIGEST_LENGTH);
		if (order == 0)
			return parse(start, end, line);
		if (order < 0)
			high = start;
		else
			low = end + 1;
	}
	return "the image was not judged";
}

const char *verdict_of(const char *file, const char *digest, struct verdict_line *line)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	const char *bytes, *why;
	struct stat found;

	if (fd < 0)
		return errno == ENOENT ? "there is no file of verdicts" : "the file of verdicts cannot be opened";
	if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) || found.st_uid != 0 || (found.st_mode & 0022) != 0) {
		close(fd);
		return "others than root may write the file of verdicts";
	}
	bytes = found.st_size > 0 ? mmap(NULL, found.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	if (bytes == MAP_FAILED)
		return "the file of verdicts is none, or not whole";
	why = search(bytes, found.st_size, digest, line);
	munmap((void *)bytes, found.st_size);
	return why;
}
