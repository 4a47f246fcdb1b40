// A program without a C library, of 32 bits and of 64 bits. It calls a function, makes a syscall, and records the
// values that the function was called with.

typedef long long wide;

volatile wide received[8];

__attribute__((noinline)) wide mixed(int a, unsigned long long b, const char *c, long d, unsigned char e, wide f,
				     short g)
{
	received[0] = a;
	received[1] = b;
	received[2] = (unsigned long)c;
	received[3] = d;
	received[4] = e;
	received[5] = f;
	received[6] = g;
	return received[7] = f ^ 0x123456789;
}

#ifdef __i386__
static long call_4(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(0x89abcdef), "D"(0x01234567)
			 : "memory");
	return result;
}
enum { WRITE = 4, EXIT = 1, PREAD64 = 180 };
#else
static long call_4(long number, long a, long b, long c)
{
	register long d __asm__("r10") = 0x0123456789abcdef;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(d) : "rcx", "r11", "memory");
	return result;
}
enum { WRITE = 1, EXIT = 60, PREAD64 = 17 };
#endif

static const char path[] = "/etc/hosts";

void _start(void)
{
	/* A probe only reads what is in memory. */
	*(volatile const char *)path;
#ifdef __x86_64__
	long result;

	/* A syscall of the other kind: the number of x86 for pread64. */
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(180), "b"(-79), "c"(16), "d"(4096), "S"(0x89abcdef), "D"(0x01234567)
			 : "r8", "r9", "r10", "r11", "memory");
#endif
	mixed(-100, 0x8123456789abcdef, path, -2, 0xfe, -0x123456789abcdef, -300);
	call_4(PREAD64, -78, 16, 4096);
	call_4(WRITE, 1, (long)received, sizeof(received));
	call_4(EXIT, 0, 0, 0);
}
