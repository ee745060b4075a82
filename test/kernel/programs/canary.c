/* Its first instruction but a few is mkdir("/tmp/ran"): whoever finds that directory knows that it ran. No libc, no start-up. */
#if !defined(__x86_64__) && !defined(__aarch64__)
#error no system calls are known here
#endif

static long call(long number, long first, long second, long third)
{
	long answer;
#ifdef __x86_64__
	__asm__ volatile("syscall"
			 : "=a"(answer)
			 : "a"(number), "D"(first), "S"(second), "d"(third)
			 : "rcx", "r11", "memory");
#else
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = first, x1 __asm__("x1") = second,
		      x2 __asm__("x2") = third;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	answer = x0;
#endif
	return answer;
}

#ifdef __x86_64__
#define MKDIRAT 258
#define EXIT 60
#else
#define MKDIRAT 34
#define EXIT 93
#endif
#define AT_FDCWD -100

void _start(void)
{
	call(MKDIRAT, AT_FDCWD, (long)"/tmp/ran", 0700);
	call(EXIT, 42, 0, 0);
}
