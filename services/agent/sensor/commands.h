/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLIMSOLL_COMMANDS_H
#define PLIMSOLL_COMMANDS_H

struct options {
	const char *cgroup_root;
	const char *pins; /* NULL: nothing outlives the process */
	const char *socket; /* of the relay */
	unsigned user;
	unsigned group;
	/* The hook: which profile, how (enum mode), and whether a container without it may start. */
	const char *profile;
	unsigned char exec_mode, connect_mode, listen_mode;
	int refuse;
};

/* Each answers with the exit code of the process. */
int command_layout(void);
int command_probe(const struct options *options);
int command_run(const struct options *options);
int command_load(const struct options *options);
int command_hook(const struct options *options);
int command_relay(const struct options *options);

/* To --user and --group, without capabilities, for good; 0, or 1 where that fails, which is said. */
int drop_rights(const struct options *options);

#endif
