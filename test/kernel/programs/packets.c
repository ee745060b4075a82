/*
 * Asks the program behind a pinned link what it makes of packets, without sending one (BPF_PROG_TEST_RUN). One packet a line on standard
 * input, in hexadecimal, from its Ethernet header on; the answer a line on standard output.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>

static int program_of(const char *link)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_obj_get(link);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
		return -1;
	return bpf_prog_get_fd_by_id(info.prog_id);
}

int main(int count, char **arguments)
{
	static char line[1 << 16];
	static unsigned char packet[1 << 15];
	int program = count == 2 ? program_of(arguments[1]) : -1;

	if (program < 0) {
		fprintf(stderr, "no program: %s\n", strerror(errno));
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .repeat = 1);
		unsigned byte;

		for (char *at = line; sscanf(at, "%2x", &byte) == 1; at += 2)
			packet[options.data_size_in++] = byte;
		if (bpf_prog_test_run_opts(program, &options) != 0)
			printf("error %d\n", errno);
		else
			printf("%u\n", options.retval);
	}
	return 0;
}
