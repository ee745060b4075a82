/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cgroups.h"
#include "commands.h"
#include "events.h"
#include "programs.h"

/* Prints as JSON what this kernel takes, after a real attach of each program by itself. */
int command_probe(const struct options *options)
{
	static struct outcomes outcomes;
	struct watched root;

	if (cgroups_open(options->cgroup_root, &root) != 0)
		return 1;
	programs_probe(root.fd, &outcomes);
	printf("{\"layout\":%d,\"programs\":", PLIMSOLL_LAYOUT_VERSION);
	programs_print(stdout, &outcomes);
	printf("}\n");
	return 0;
}
