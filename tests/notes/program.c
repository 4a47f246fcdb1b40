// A program with static probes. Before each probe it prints the probe's name, the number of arguments, and their
// values. The proof compares these with the values of the operands at the probe.

#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

typedef unsigned long word;
typedef long long wide;

// Data that no probe uses.
#define ASIDE __attribute__((section(".aside")))

unsigned char output[2048] ASIDE = {1};
word output_length ASIDE = 0;
// The stub knows these by name. They are not used here.
word given[64] ASIDE = {1}, given_stack[64] ASIDE = {1}, seen[64] ASIDE = {1}, seen_stack[64] ASIDE = {1};
word stack_at ASIDE = 0, landing ASIDE = 0, saved[64] ASIDE = {1}, target ASIDE = 0;

#define SEMAPHORE(name) unsigned short p_##name##_semaphore __attribute__((section(".probes"))) = 0
SEMAPHORE(narrow);
SEMAPHORE(words);
SEMAPHORE(wides);
SEMAPHORE(constants);
SEMAPHORE(globals);
SEMAPHORE(members);
SEMAPHORE(long_members);
SEMAPHORE(elements);
SEMAPHORE(locals);
SEMAPHORE(twice);

#define NOINLINE __attribute__((noinline, noclone))

static NOINLINE void say(wide value)
{
	for (int i = 0; i < 64; i += 8)
		((volatile unsigned char *)output)[output_length++] = value >> i;
	__asm__ volatile("" ::: "memory");
}

static NOINLINE void say_name(const char *name, int arguments)
{
	do
		((volatile unsigned char *)output)[output_length++] = *name;
	while (*name++);
	say(arguments);
}

// Compilers call it to copy a struct.
NOINLINE void *memcpy(void *to, const void *from, word size)
{
	while (size--)
		((volatile char *)to)[size] = ((const volatile char *)from)[size];
	return to;
}

// A compiler does not know the result of this, nor what happens to an address.
static NOINLINE wide hidden(wide value)
{
	__asm__ volatile("" : "+m"(value) :: "memory");
	return value;
}
static NOINLINE void escape(void *address)
{
	__asm__ volatile("" :: "r"(address) : "memory");
}

#define SAY3(name, a, b, c) say_name(#name, 3); say(a); say(b); say(c); DTRACE_PROBE3(p, name, a, b, c)
#define SAY4(name, a, b, c, d) \
	say_name(#name, 4); say(a); say(b); say(c); say(d); DTRACE_PROBE4(p, name, a, b, c, d)
#define SAY6(name, a, b, c, d, e, f) \
	say_name(#name, 6); say(a); say(b); say(c); say(d); say(e); say(f); DTRACE_PROBE6(p, name, a, b, c, d, e, f)

struct all {
	signed char c;
	unsigned char b[9];
	short h;
	unsigned short u[5];
	int i;
	unsigned w[4];
	long l;
	wide q;
};

int global_int;
static unsigned short global_shorts[6];
static struct all global;

// The arguments are the variables a0, a1, ...: the proof looks for these in DWARF.
static NOINLINE void narrow(signed char a0, unsigned char a1, short a2, unsigned short a3, int a4, unsigned a5)
{
	SAY6(narrow, a0, a1, a2, a3, a4, a5);
	say(a0 + a1 + a2 + a3 + a4 + a5);
}

static NOINLINE void words(long a0, unsigned long a1, int a2)
{
	SAY3(words, a0, a1, a2);
	say(a0 + a1 + a2);
}

static NOINLINE void wides(wide a0, unsigned long long a1, short a2)
{
	SAY3(wides, a0, a1, a2);
	say(a0 + a1 + a2);
}

static NOINLINE void constants(void)
{
	SAY6(constants, 42, -7, (signed char)-3, 0x7fffffff, (unsigned short)65535, -70000L);
}

static NOINLINE void globals(int n)
{
	SAY4(globals, global_int, global_shorts[2], global_shorts[n], global.h);
}

static NOINLINE void members(struct all *s)
{
	SAY6(members, s->c, s->b[3], s->h, s->u[2], s->i, s->w[1]);
	SAY3(long_members, s->l, s->q, s->i);
}

static NOINLINE void elements(int *a, short *b, unsigned char *c, wide *d, word n)
{
	SAY6(elements, a[n], b[n], c[n], a[n + 1], b[3], d[n]);
}

static NOINLINE void locals(struct all *s, int n)
{
	struct all own = *s;
	int a0 = own.i + n;
	short some[5];
	for (int i = 0; i < 5; i++)
		some[i] = s->u[i] - 0x7000;
	escape(&own);
	escape(some);
	escape(&a0);
	SAY6(locals, a0, own.c, own.u[4], own.b[n & 7], some[n], own.l);
	say(n);
}

// A second place with the same name. It may have other operands.
static NOINLINE void again(int a0, struct all *s)
{
	SAY3(twice, a0, s->h, s->b[8]);
	say(a0 + s->h);
	a0 = hidden(a0 * 3);
	wide product = s->i * 5LL;
	escape(&product);
	SAY3(twice, a0, s->u[1], product);
	say(a0 + product);
}

void run(void)
{
	static int a[4];
	static short b[4];
	static unsigned char c[4];
	static wide d[4];
	for (int i = 0; i < 9; i++)
		global.b[i] = hidden(0x91 + 7 * i);
	for (int i = 0; i < 6; i++)
		global_shorts[i] = hidden(0xa1b2 + 0x1357 * i);
	for (int i = 0; i < 5; i++)
		global.u[i] = hidden(0xc1d3 + 0x1111 * i);
	for (int i = 0; i < 4; i++) {
		global.w[i] = hidden(0x91a2b3c4 + 0x11131517 * i);
		a[i] = hidden(-0x1f2e3d4c - 0x01010101 * i);
		b[i] = hidden(-0x2345 - 0x0203 * i);
		c[i] = hidden(0xe1 + 5 * i);
		d[i] = hidden(-0x123456789abcdefLL - 0x0101010101010101LL * i);
	}
	global.c = hidden(-99);
	global.h = hidden(-0x5678);
	global.i = hidden(-0x6789abcd);
	global.l = hidden((long)0xa9b8c7d6e5f40312LL);
	global.q = hidden(-0x7edcba9876543211LL);
	global_int = hidden(-0x3c4d5e6f);
	narrow(hidden(-0x6b), hidden(0xa6), hidden(-0x5c3d), hidden(0xd2e1), hidden(-0x5a6b7c8d), hidden(0x9a8b7c6d));
	words(hidden((long)0x8a9bacbdcedff1e2LL), hidden((unsigned long)0xf1e2d3c4b5a69788ULL), hidden(-0x4d5e6f71));
	wides(hidden(-0x7192a3b4c5d6e7f8LL), hidden(0xb1c2d3e4f5061728ULL), hidden(-0x7123));
	constants();
	globals(hidden(4));
	members(&global);
	elements(a, b, c, d, hidden(1));
	locals(&global, hidden(3));
	again(hidden(-0x2a3b4c5d), &global);
}
