/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the layout of frames as the compiler has it, so that the decoder in TypeScript can be held to it. */
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "commands.h"
#include "events.h"
#include "profile-file.h"
#include "syscalls.h"

/* Newer than the headers of some distributions. */
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#define SAME_NUMBER(name, number, ...) _Static_assert((number) == __NR_##name, #name " has another number");
PLIMSOLL_SYSCALLS(SAME_NUMBER)

static const char *separator = "";

static void begin(const char *name, size_t size)
{
	printf("%s\n    \"%s\": {\n      \"size\": %zu,\n      \"fields\": {", separator, name, size);
	separator = "";
}

static void field(const char *name, size_t offset, size_t size)
{
	printf("%s\n        \"%s\": [%zu, %zu]", separator, name, offset, size);
	separator = ",";
}

static void end(void)
{
	printf("\n      }\n    }");
	separator = ",";
}

static void call(const char *name)
{
	printf("%s\"%s\"", separator, name);
	separator = ", ";
}

#define BEGIN(type) begin(#type, sizeof(struct type))
#define FIELD(type, name) field(#name, offsetof(struct type, name), sizeof(((struct type *)0)->name))

int command_layout(void)
{
	printf("{\n  \"version\": %d,\n  \"frameMax\": %zu,\n  \"structures\": {", PLIMSOLL_LAYOUT_VERSION, FRAME_MAX);
	BEGIN(frame_head);
	FIELD(frame_head, length);
	FIELD(frame_head, kind);
	FIELD(frame_head, verdict);
	FIELD(frame_head, flags);
	end();
	BEGIN(event_head);
	FIELD(event_head, frame);
	FIELD(event_head, time_ns);
	FIELD(event_head, cgroup_id);
	FIELD(event_head, container_id);
	FIELD(event_head, workload);
	FIELD(event_head, rule_id);
	FIELD(event_head, process_start_ns);
	FIELD(event_head, parent_start_ns);
	FIELD(event_head, process_id);
	FIELD(event_head, thread_id);
	FIELD(event_head, parent_id);
	FIELD(event_head, container_process_id);
	FIELD(event_head, user_id);
	FIELD(event_head, group_id);
	FIELD(event_head, mount_namespace);
	FIELD(event_head, profile);
	FIELD(event_head, command);
	end();
	BEGIN(exec_event);
	FIELD(exec_event, head);
	FIELD(exec_event, inode);
	FIELD(exec_event, changed_s);
	FIELD(exec_event, capabilities);
	FIELD(exec_event, changed_ns);
	FIELD(exec_event, device);
	FIELD(exec_event, mode);
	FIELD(exec_event, owner_id);
	FIELD(exec_event, links);
	FIELD(exec_event, effective_user_id);
	FIELD(exec_event, login_id);
	FIELD(exec_event, arguments_size);
	FIELD(exec_event, path_size);
	FIELD(exec_event, name_size);
	FIELD(exec_event, directory_size);
	FIELD(exec_event, arguments_read);
	FIELD(exec_event, origin);
	FIELD(exec_event, reserved);
	end();
	BEGIN(fork_event);
	FIELD(fork_event, head);
	FIELD(fork_event, child_start_ns);
	FIELD(fork_event, child_id);
	FIELD(fork_event, child_container_id);
	end();
	BEGIN(exit_event);
	FIELD(exit_event, head);
	FIELD(exit_event, status);
	FIELD(exit_event, reserved);
	end();
	BEGIN(socket_event);
	FIELD(socket_event, head);
	FIELD(socket_event, socket);
	FIELD(socket_event, repeats);
	FIELD(socket_event, address);
	FIELD(socket_event, family);
	FIELD(socket_event, type);
	FIELD(socket_event, protocol);
	FIELD(socket_event, port);
	FIELD(socket_event, asked_ns);
	FIELD(socket_event, local_address);
	FIELD(socket_event, local_port);
	FIELD(socket_event, error);
	FIELD(socket_event, reserved);
	end();
	BEGIN(call_event);
	FIELD(call_event, head);
	FIELD(call_event, result);
	FIELD(call_event, arguments);
	FIELD(call_event, inode);
	FIELD(call_event, repeats);
	FIELD(call_event, device);
	FIELD(call_event, mode);
	FIELD(call_event, call);
	FIELD(call_event, path_size);
	FIELD(call_event, directory_size);
	FIELD(call_event, target_size);
	FIELD(call_event, target_directory_size);
	FIELD(call_event, origin);
	FIELD(call_event, reserved);
	end();
	BEGIN(move_event);
	FIELD(move_event, head);
	FIELD(move_event, to_id);
	FIELD(move_event, mover_id);
	FIELD(move_event, path_size);
	FIELD(move_event, reserved);
	end();
	BEGIN(cgroup_event);
	FIELD(cgroup_event, head);
	FIELD(cgroup_event, parent_id);
	FIELD(cgroup_event, path_size);
	FIELD(cgroup_event, reserved);
	end();
	BEGIN(start_report);
	FIELD(start_report, time_ns);
	FIELD(start_report, gate);
	FIELD(start_report, held);
	FIELD(start_report, started);
	FIELD(start_report, reserved);
	FIELD(start_report, image);
	FIELD(start_report, profile);
	FIELD(start_report, rule);
	FIELD(start_report, reason);
	end();
	BEGIN(start_event);
	FIELD(start_event, head);
	FIELD(start_event, report);
	end();
	BEGIN(tally);
	FIELD(tally, emitted);
	FIELD(tally, dropped);
	FIELD(tally, denied);
	FIELD(tally, would_deny);
	end();
	BEGIN(counters_frame);
	FIELD(counters_frame, frame);
	FIELD(counters_frame, boot_ns);
	FIELD(counters_frame, realtime_ns);
	FIELD(counters_frame, rows);
	FIELD(counters_frame, rows_refused);
	FIELD(counters_frame, tally);
	end();
	BEGIN(rule);
	FIELD(rule, id);
	FIELD(rule, action);
	FIELD(rule, reserved);
	end();
	BEGIN(profile_head);
	FIELD(profile_head, layout);
	FIELD(profile_head, exec_count);
	FIELD(profile_head, peer_count);
	FIELD(profile_head, listen_count);
	FIELD(profile_head, file_count);
	FIELD(profile_head, exec_default);
	FIELD(profile_head, connect_default);
	FIELD(profile_head, listen_default);
	FIELD(profile_head, denied_origins);
	FIELD(profile_head, file_default);
	FIELD(profile_head, reserved);
	FIELD(profile_head, name);
	end();
	BEGIN(exec_entry);
	FIELD(exec_entry, rule);
	FIELD(exec_entry, path);
	end();
	BEGIN(peer_entry);
	FIELD(peer_entry, rule);
	FIELD(peer_entry, protocol);
	FIELD(peer_entry, address_bits);
	FIELD(peer_entry, port);
	FIELD(peer_entry, address);
	FIELD(peer_entry, reserved);
	end();
	BEGIN(listen_entry);
	FIELD(listen_entry, rule);
	FIELD(listen_entry, protocol);
	FIELD(listen_entry, reserved);
	FIELD(listen_entry, port);
	FIELD(listen_entry, more_reserved);
	end();
	printf("\n  },\n  \"calls\": [");
	separator = "";
#define PRINT_CALL(name) call(#name);
	PLIMSOLL_CALLS(PRINT_CALL)
	printf("]\n}\n");
	return 0;
}
