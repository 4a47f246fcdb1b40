// The probed functions, and their caller. Each records the values that it was called with, and the value that it
// returns.

typedef long long wide;

enum kind { NONE, SOME, LAST = -7 };
typedef int callback(int);

// The values that the test passes, and the values that the functions get.
volatile wide sent[12];
volatile wide received[12], returned[6];
volatile wide return_address;
const char *volatile text = "twelve parameters";

// A compiler knows nothing of the result of this: not even that its upper bits are those of a narrower value.
#define HIDDEN(n) ({ wide hidden = sent[n]; __asm__ volatile("" : "+r"(hidden)); hidden; })
#define PROBED __attribute__((noinline))

PROBED wide mixed(signed char a, unsigned short b, int c, unsigned int d, wide e, const char *f, _Bool g,
		  enum kind h, callback *i, short j, unsigned long long k, unsigned char l)
{
	received[0] = a;
	received[1] = b;
	received[2] = c;
	received[3] = d;
	received[4] = e;
	received[5] = (wide)f;
	received[6] = g;
	received[7] = h;
	received[8] = (wide)i;
	received[9] = j;
	received[10] = k;
	received[11] = l;
	return returned[0] = e - a;
}

PROBED signed char narrow(int a)
{
	return returned[1] = (signed char)a, (signed char)HIDDEN(2);
}

PROBED unsigned short wraps(int a)
{
	return returned[2] = (unsigned short)a, (unsigned short)HIDDEN(2);
}

PROBED _Bool is_odd(unsigned int a)
{
	return returned[3] = a & 1, a & 1;
}

PROBED const char *title(void)
{
	return (const char *)(returned[4] = (wide)text);
}

PROBED int formatted(const char *format, ...)
{
	return returned[5] = -(int)(unsigned char)*format;
}

// A uretprobe changes the return address of its function, so this function has no uretprobe.
PROBED void plain(void)
{
	return_address = (wide)__builtin_return_address(0);
}

static int twice(int a)
{
	return 2 * a;
}

void call_all(void)
{
	// A helper does not load a page that is not in memory.
	(void)*(const volatile char *)text;
	mixed((signed char)HIDDEN(0), (unsigned short)HIDDEN(1), (int)HIDDEN(2), (unsigned int)HIDDEN(3), HIDDEN(4),
	      text, HIDDEN(6) & 1, (enum kind)HIDDEN(7), twice, (short)HIDDEN(9), HIDDEN(10),
	      (unsigned char)HIDDEN(11));
	narrow((int)HIDDEN(2));
	wraps((int)HIDDEN(2));
	is_odd((unsigned int)HIDDEN(3));
	title();
	formatted(text, 1, 2.5, text);
	plain();
	// The call of `plain` must not be the last call of this function: a last call would be a jump.
	title();
}
