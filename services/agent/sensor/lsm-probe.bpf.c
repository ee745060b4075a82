/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Allows everything. Only probes attach it: whether a kernel lets BPF decide at an exec shows in no setting. */
#include "kernel.h"

SEC("lsm/bprm_check_security")
int BPF_PROG(probe_lsm_exec, struct linux_binprm *binprm, int before)
{
	return before;
}
