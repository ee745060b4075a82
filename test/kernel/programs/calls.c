/*
 * Calls, once each, whose events a test waits for. `calls files DIR` in a directory of its own; `calls rights`, which changes nothing;
 * `calls sockets`. What this kernel does not have fails, which is told as well.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int files(const char *directory)
{
	struct open_how how = { .flags = O_RDWR };
	int fd, folder;

	must(chdir(directory) == 0, "chdir");
	fd = open("made", O_CREAT | O_WRONLY, 0600);
	must(fd >= 0, "open");
	close(open("made", O_RDONLY));
	for (int i = 0; i < 50; i++)
		close(open("made", O_WRONLY));
	must(open("absent/made", O_WRONLY) < 0, "open of nothing");
	close(syscall(SYS_openat2, AT_FDCWD, "made", &how, sizeof(how)));
	must(truncate("made", 1) == 0, "truncate");
	must(mkdir("folder", 0700) == 0, "mkdir");
	folder = open("folder", O_DIRECTORY);
	must(symlink("made", "sign") == 0, "symlink");
	must(linkat(AT_FDCWD, "made", folder, "again", 0) == 0, "linkat");
	must(renameat(folder, "again", AT_FDCWD, "moved") == 0, "renameat");
	must(chmod("moved", 0644) == 0, "chmod, not executable");
	must(chmod("moved", 0755) == 0, "chmod");
	must(fchmod(fd, 0700) == 0, "fchmod");
	must(unlink("sign") == 0, "unlink");
	must(rmdir("folder") == 0, "rmdir");
	return 0;
}

/* Only in namespaces of its own, and of itself only. */
static int rights(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	char byte;
	struct iovec part = { &byte, 1 };
	char parameters[256] = "";

	must(unshare(CLONE_NEWNS | CLONE_FS) == 0, "unshare");
	must(unshare(CLONE_FS) == 0, "unshare of no namespace");
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount");
	must(mount("plimsoll-test", "/tmp", "tmpfs", 0, NULL) == 0, "mount of tmpfs");
	must(umount2("/tmp", MNT_DETACH) == 0, "umount2");
	must(chroot(".") == 0, "chroot");
	if (syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0) == 0)
		_exit(0);
	must(wait(NULL) > 0, "clone");
	ptrace(PTRACE_ATTACH, 0x3fffffff, 0, 0);
	process_vm_readv(0x3fffffff, &part, 1, &part, 1, 0);
	must(syscall(SYS_setresuid, -1, getuid(), -1) == 0, "setresuid");
	must(syscall(SYS_setgid, getgid()) == 0, "setgid");
	must(syscall(SYS_capget, &head, data) == 0 && syscall(SYS_capset, &head, data) == 0, "capset");
	syscall(SYS_finit_module, -1, parameters, 0);
	syscall(SYS_bpf, 9999, parameters, sizeof(parameters));
	syscall(SYS_keyctl, 0, -2, 0);
	close(syscall(SYS_io_uring_setup, 1, parameters));
#ifdef __x86_64__
	/* getpid(2) of the 32-bit ABI. Some kernels have none. */
	if (fork() == 0) {
		long answer;

		__asm__ volatile("int $0x80" : "=a"(answer) : "a"(20) : "memory");
		_exit(0);
	}
	wait(NULL);
#endif
	return 0;
}

static int sockets(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM, 0), client;
	struct pollfd wait = { .events = POLLOUT };

	must(listen(server, 8) == 0 && getsockname(server, (void *)&address, &length) == 0, "listen");
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 3; i++) {
		client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(client, (void *)&address, sizeof(address));
		must(accept(server, NULL, NULL) >= 0, "accept");
		wait.fd = client;
		must(poll(&wait, 1, 5000) == 1, "poll");
	}
	printf("%d\n", ntohs(address.sin_port));
	close(server);
	client = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(client, (void *)&address, sizeof(address)) != 0, "connect to nobody");
	/* No route leads there (RFC 6890), or this is no address at all. */
	address.sin_addr.s_addr = htonl(0xffffffff);
	client = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(client, (void *)&address, sizeof(address)) != 0, "connect to all");
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client = socket(AF_INET, SOCK_DGRAM, 0);
	must(connect(client, (void *)&address, sizeof(address)) == 0, "connect by UDP");
	return 0;
}

int main(int count, char **arguments)
{
	if (count == 3 && strcmp(arguments[1], "files") == 0)
		return files(arguments[2]);
	if (count == 2 && strcmp(arguments[1], "rights") == 0)
		return rights();
	if (count == 2 && strcmp(arguments[1], "sockets") == 0)
		return sockets();
	return 99;
}
