/* SPDX-License-Identifier: Apache-2.0 */
/* The programs that the binary carries: probed one by one, attached, and what became of each. */
#ifndef PLIMSOLL_PROGRAMS_H
#define PLIMSOLL_PROGRAMS_H

#include <stddef.h>
#include <stdio.h>
#include <bpf/libbpf.h>

#define PROGRAMS_MAX 64

struct outcome {
	char name[32];
	char hook[64];
	const char *refused_at; /* NULL: attached; "load", "attach" or "pin" */
	int error; /* errno */
};

struct outcomes {
	struct outcome list[PROGRAMS_MAX];
	size_t count;
};

/* The object, opened and not loaded. Ends the process where the binary itself is broken. */
struct bpf_object *programs_open(void);

/* Loads and attaches each program alone, takes it off again, and says what became of it. */
void programs_probe(int cgroup_fd, struct outcomes *outcomes);

/* Loads what passed the probe; 0, or an errno. */
int programs_load(struct bpf_object *object, const struct outcomes *probed);

/*
 * Attaches what is loaded; programs that fail now are marked so. With `pins` (a directory of a bpffs) the links outlive the
 * process and take the place of those that an earlier one left.
 */
void programs_attach(struct bpf_object *object, int cgroup_fd, const char *pins, struct outcomes *outcomes);

/* The array of outcomes as JSON. */
void programs_print(FILE *to, const struct outcomes *outcomes);

#endif
