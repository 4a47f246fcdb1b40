// Runs every prototype of a program, and leaves in `output` everything that the stub has seen. said.rs reads it.
//
// Each prototype has two functions, which are generated. The caller calls the stub's `probe` as a function of that
// prototype. The callee is a function of that prototype, and the stub's `enter` calls it. mod.rs puts the prototypes'
// text after this one. It defines REGISTERS, the number of registers that the stub sees, and STACK, in bytes.

typedef unsigned long word;
typedef unsigned long long wide;

// The names that the stub knows. Volatile, so that the compiler makes no calls of memcpy from loops over them.
volatile word given[REGISTERS], given_stack[STACK / sizeof(word)];
volatile word seen[REGISTERS], seen_stack[STACK / sizeof(word)];
volatile word stack_at, landing, saved[32];
void (*volatile target)(void);
unsigned char output[OUTPUT];
word output_length = OUTPUT;

void probe(void), enter(void), leap(void);
extern char pads[], after[];

// The names that the generated functions know.
volatile wide sent[PARAMETERS + 1];
volatile wide received[PARAMETERS];
volatile wide returned;
void (*volatile probed)(void) = probe;

// The compiler knows nothing about the value that this gives. It does not even know that the upper bits are those of a
// narrower value.
#define HIDDEN(n) ({ word hidden = (word)sent[n]; __asm__ volatile("" : "+r"(hidden)); hidden; })

struct prototype {
	void (*caller)(void);
	void (*callee)(void);
};
extern const volatile struct prototype prototypes[];

static unsigned char *end = output;

static void emit(const volatile void *from, word bytes)
{
	for (word i = 0; i < bytes; i++)
		*(volatile unsigned char *)end++ = ((const volatile unsigned char *)from)[i];
}

#define EMIT(what) emit(&(what), sizeof(what))

// The registers and the stack that the stub has seen at its entry.
static void emit_entry(void)
{
	EMIT(seen);
	EMIT(stack_at);
	EMIT(seen_stack);
}

static void clear(volatile void *from, word bytes)
{
	for (word i = 0; i < bytes; i++)
		((volatile unsigned char *)from)[i] = 0;
}

#define CLEAR(what) clear(&(what), sizeof(what))

// Each byte of registers and stack has its own number. The first run gives six bits of it, with the top bit clear. The
// second run gives the other six bits, with the top bit set.
static void give(unsigned run)
{
	unsigned number = 0;
	for (word i = 0; i < sizeof(given); i++, number++)
		((volatile unsigned char *)given)[i] = run ? 0xa0 + (number >> 6) : 0x20 + (number & 63);
	for (word i = 0; i < sizeof(given_stack); i++, number++)
		((volatile unsigned char *)given_stack)[i] = run ? 0xa0 + (number >> 6) : 0x20 + (number & 63);
}

// No two bytes that are sent are the same. The top bit of each is clear in the first run, and set in the second.
static void send(unsigned run)
{
	for (unsigned n = 0; n <= PARAMETERS; n++) {
		wide value = 0;
		for (unsigned byte = 8; byte-- > 0;)
			value = value << 8 | (0x10 + 8 * n + byte);
		sent[n] = run ? ~value : value;
	}
}

// A call whose return address has a name.
__attribute__((noinline)) void calls(void)
{
	probe();
	__asm__ volatile(".globl after\nafter:");
}

// A function that needs a frame pointer, because the distance of its stack pointer from the frame varies.
__attribute__((noinline)) void frames(word space)
{
	volatile char *taken = __builtin_alloca(space);
	*taken = 0;
	probed();
#ifdef __s390x__
	// The compilers for s390x give the caller's stack pointer as the frame's address. The frame pointer is the former
	// stack pointer, below 160 bytes for callees, before this function made space.
	const volatile char *frame = taken + space - 160;
#else
	void *frame = __builtin_frame_address(0);
#endif
	EMIT(frame);
}

void returns(void)
{
}

void run(void)
{
	void *address;

	give(0);
	send(0);
	calls();
	emit_entry();
	address = after;
	EMIT(address);

	frames(64);
	emit_entry();

	// A function finds the address of a different pad in each place. The pad on which it lands tells the place of its
	// return address.
	for (word i = 0; i < REGISTERS; i++)
		given[i] = (word)(pads + 16 * i);
	for (word i = 0; i < STACK / sizeof(word); i++)
		given_stack[i] = (word)(pads + 16 * (REGISTERS + i));
	target = returns;
	leap();
	EMIT(landing);
	address = pads;
	EMIT(address);

	for (word n = 0; n < PROTOTYPES; n++)
		for (unsigned run = 0; run < 2; run++) {
			give(run);
			send(run);
			CLEAR(returned);
			prototypes[n].caller();
			emit_entry();
			EMIT(returned);

			CLEAR(received);
			target = prototypes[n].callee;
			enter();
			EMIT(received);
			EMIT(seen);
		}
}
