/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* All programs as one object, so that they share their maps. */
#include "call-done.bpf.c"
#include "cgroup-attach.bpf.c"
#include "cgroup-mkdir.bpf.c"
#include "cgroup-rmdir.bpf.c"
#include "lsm-exec.bpf.c"
#include "lsm-write.bpf.c"
#include "process-exec.bpf.c"
#include "process-exit.bpf.c"
#include "process-fork.bpf.c"
#include "socket-arrive.bpf.c"
#include "socket-bind.bpf.c"
#include "socket-connect.bpf.c"
#include "socket-create.bpf.c"
#include "socket-send.bpf.c"
#include "socket-state.bpf.c"

/* Reading kernel memory is for programs under the GPL only. */
char LICENSE[] SEC("license") = "GPL";
