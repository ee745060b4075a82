/* A logger as a system has one: a datagram socket at the path. Each message a line on standard output. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int count, char **arguments)
{
	static char message[1 << 20];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ssize_t got;

	if (count != 2 || strlen(arguments[1]) >= sizeof(address.sun_path))
		return 1;
	strcpy(address.sun_path, arguments[1]);
	if (bind(fd, (void *)&address, sizeof(address)) != 0)
		return 1;
	printf("ready\n");
	fflush(stdout);
	while ((got = recv(fd, message, sizeof(message), 0)) >= 0) {
		printf("%.*s\n", (int)got, message);
		fflush(stdout);
	}
	return 1;
}
