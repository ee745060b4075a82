/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLIMSOLL_COMMANDS_H
#define PLIMSOLL_COMMANDS_H

#include <linux/types.h>

enum on_missing { MISSING_ALLOW, MISSING_PACK, MISSING_REFUSE };
enum gate { GATE_OFF, GATE_WARN, GATE_DENY };

struct options {
	const char *cgroup_root;
	const char *pins; /* NULL: nothing outlives the process */
	const char *socket; /* of the relay */
	unsigned user;
	unsigned group;
	/* The hook: which profile, how (enum mode), and what becomes of a container that cannot have it. */
	const char *profile;
	unsigned char exec_mode, connect_mode, listen_mode, file_mode;
	enum on_missing on_missing;
	const char *pack; /* the profile in the place of one that is missing */
	/* The gate: what becomes of a container whose image was refused, or of whose image nothing is known. */
	enum gate gate;
	int gate_refuses_unknown;
	const char *verdicts;
	unsigned verdict_hours; /* older ones count no more; 0: any age */
	const char *image, *storage, *docker;
	/* The wrapper: the runtime, and what it is called with. */
	const char *runtime;
	char **all_arguments; /* of this process, up to its "--"; ended by NULL */
	char **runtime_arguments; /* what stands behind it, likewise; NULL: there is none */
};

#define SELFTEST_CANARY "selftest-canary"

/* Each answers with the exit code of the process. */
int command_layout(void);
int command_probe(const struct options *options);
int command_run(const struct options *options);
int command_load(const struct options *options);
int command_hook(const struct options *options);
int command_runtime(const struct options *options);
int command_status(const struct options *options);
int command_selftest(const struct options *options);
int command_relay(const struct options *options);

/*
 * Gives the container of this cgroup the profile of this name, in the modes that the options say; with "" its row only says where
 * the container begins. NULL, or why it has none.
 */
const char *give_profile(const struct options *options, __u64 cgroup, const char *name);

/* To --user and --group, without capabilities, for good; 0, or 1 where that fails, which is said. */
int drop_rights(const struct options *options);

#endif
