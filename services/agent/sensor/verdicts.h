/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts by digest, as `plimsoll agent verdicts` writes them: a line "plimsoll-verdicts 1 COUNT", then COUNT lines in the order of
 * their digests,
 *
 *     DIGEST allow|deny|unknown SECONDS PROFILE RULE TEXT
 *
 * SECONDS: when it was judged, since 1970. PROFILE and RULE are "-" where there is none; TEXT is printable ASCII and may be
 * empty. A file takes the place of another whole.
 */
#ifndef PLIMSOLL_VERDICTS_H
#define PLIMSOLL_VERDICTS_H

#include <stddef.h>

enum decision { DECISION_ALLOW, DECISION_DENY, DECISION_UNKNOWN };

struct verdict_line {
	enum decision decision;
	long long judged; /* seconds since 1970 */
	char profile[56]; /* "" where there is none */
	char rule[64];
	char text[256];
};

/* NULL and *line, or why there is no verdict of this digest. */
const char *verdict_of(const char *file, const char *digest, struct verdict_line *line);

#endif
