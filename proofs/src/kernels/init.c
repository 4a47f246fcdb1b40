/*
 * The guest's only process. It follows the host's plan and prints the results. A kernel of 64 bits has this program
 * twice, and runs the one of 32 bits as a task that is probed: /other.
 *
 * Each line of /plan is a step: "<name> <kind> <program> <symbol>". A program is a file of that name, with the
 * instructions as the compiler emitted them. The map that they write to is made here. /values has the numbers to call
 * with. A line for the host is "@ <name> <key> <value>...".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

typedef unsigned long word;

enum { ARGS = 12, SYSCALL_ARGS = 6, FALLOCATE_ARGS = 3 };

/* Each number is cut to the type of its parameter. */
static struct {
	uint64_t args[ARGS];
	uint64_t answer;
	uint64_t syscall_args[SYSCALL_ARGS];
	uint64_t fallocate_args[FALLOCATE_ARGS];
} values;

static void say(const char *name, const char *key, const char *format, ...)
{
	va_list args;

	printf("@ %s %s ", name, key);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static void failed(const char *name, const char *what)
{
	say(name, "failed", "%s: %s", what, strerror(errno));
}

/* The functions in user code that are traced. */

/* The frame pointer register, if the ABI has one, and the distance from the stack pointer up to a function's
 * canonical frame address, at its first instruction. */
#if defined(__x86_64__)
#define READ_FRAME_POINTER "mov %%rbp, %0"
#define FRAME_ADDRESS_ABOVE_STACK 8
#elif defined(__i386__)
#define READ_FRAME_POINTER "mov %%ebp, %0"
#define FRAME_ADDRESS_ABOVE_STACK 4
#elif defined(__aarch64__)
#define READ_FRAME_POINTER "mov %0, x29"
#define FRAME_ADDRESS_ABOVE_STACK 0
#elif defined(__arm__)
#define READ_FRAME_POINTER "mov %0, r11"
#define FRAME_ADDRESS_ABOVE_STACK 0
#elif defined(__riscv)
#define READ_FRAME_POINTER "mv %0, s0"
#define FRAME_ADDRESS_ABOVE_STACK 0
#elif defined(__s390x__)
#define READ_FRAME_POINTER "lgr %0, %%r11"
#define FRAME_ADDRESS_ABOVE_STACK 160
#elif defined(__mips__)
#define READ_FRAME_POINTER "move %0, $30"
#define FRAME_ADDRESS_ABOVE_STACK 0
#elif defined(__loongarch__)
#define READ_FRAME_POINTER "move %0, $r22"
#define FRAME_ADDRESS_ABOVE_STACK 0
#elif defined(__powerpc64__)
#define FRAME_ADDRESS_ABOVE_STACK 0
#else
#error "this machine's frame pointer is not known"
#endif

static volatile word entry_stack_pointer, entry_return_address, caller_frame_pointer;

/* The facts that a function knows about its own first instruction. */
#define REMEMBER_ENTRY()                                                                     \
	(entry_stack_pointer = (word)__builtin_dwarf_cfa() - FRAME_ADDRESS_ABOVE_STACK,      \
	 entry_return_address = (word)__builtin_return_address(0))

/* Takes more arguments than any machine has registers for them. */
__attribute__((noinline)) word target(word a, word b, word c, word d, word e, word f, word g, word h, word i,
				      word j, word k, word l)
{
	REMEMBER_ENTRY();
	/* Keeps the compiler from finding that the arguments are unused. */
	__asm__ volatile("" : : "g"(a), "g"(b), "g"(c), "g"(d), "g"(e), "g"(f), "g"(g), "g"(h), "g"(i), "g"(j),
			 "g"(k), "g"(l));
	return values.answer;
}

/* Takes as many arguments, of many types. */
__attribute__((noinline)) long long mixed(int a, long long b, const void *c, unsigned short d, signed char e,
					  unsigned long long f, unsigned int g, bool h, int i, long long j, short k,
					  char l)
{
	REMEMBER_ENTRY();
	__asm__ volatile("" : : "m"(a), "m"(b), "m"(c), "m"(d), "m"(e), "m"(f), "m"(g), "m"(h), "m"(i), "m"(j),
			 "m"(k), "m"(l));
	return values.answer;
}

/* Returns less than a register of 64 bits holds. */
__attribute__((noinline)) int narrow(void)
{
	REMEMBER_ENTRY();
	return values.answer;
}

static void call_mixed(void)
{
	const uint64_t *a = values.args;

	mixed(a[0], a[1], (void *)(word)a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
}

static void call_narrow(void)
{
	narrow();
}

static void call_target(void)
{
	const uint64_t *a = values.args;
	/* Makes the frame pointer differ from the stack pointer, which are the same on some machines. */
	volatile char *unused = __builtin_alloca(256 + (a[0] & 64));

	unused[0] = 0;
#ifdef READ_FRAME_POINTER
	word frame_pointer;

	__asm__ volatile(READ_FRAME_POINTER : "=r"(frame_pointer));
	caller_frame_pointer = frame_pointer;
#endif
	target(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
	unused[1] = 0;
}

static const struct traced {
	const char *name;
	void *function;
	void (*call)(void);
} traced[] = {
	{ "target", target, call_target },
	{ "mixed", mixed, call_mixed },
	{ "narrow", narrow, call_narrow },
};

static const struct traced *traced_as(const char *symbol)
{
	for (size_t i = 0; i < sizeof(traced) / sizeof(*traced); i++)
		if (!strcmp(traced[i].name, symbol))
			return &traced[i];
	return NULL;
}

/* The address at which a call from this program enters a function. On powerpc64 a function's address is its global
 * entry, which starts with two instructions that set r2 up. Calls from the same program enter after them. */
static word entry(void *function)
{
#if defined(__powerpc64__)
	const uint32_t addis_r2_r12 = 0x3c4c, lis_r2 = 0x3c40;
	uint32_t first = *(uint32_t *)function >> 16;

	if (first == addis_r2_r12 || first == lis_r2)
		return (word)function + 8;
#endif
	return (word)function;
}

static int segment_of(struct dl_phdr_info *info, __attribute__((unused)) size_t size, void *found)
{
	word *address = found;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		word start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && *address - start < segment->p_memsz) {
			*address += segment->p_offset - start;
			return 1;
		}
	}
	return 0;
}

/* The offset in this program's file of the code at an address. A uprobe is attached to the offset. */
static word file_offset(word address)
{
	dl_iterate_phdr(segment_of, &address);
	return address;
}

/* Traced in the kernel: a syscall with six arguments, which fails before it looks at most of them. */
static long call_sendto(void)
{
	const uint64_t *a = values.syscall_args;
	long result = syscall(SYS_sendto, (word)a[0], (word)a[1], (word)a[2], (word)a[3], (word)a[4], (word)a[5]);

	return result == -1 ? -errno : result;
}

/* And a syscall with integers of 64 bits, which fails for a negative one. */
static int call_fallocate(void)
{
	const uint64_t *a = values.fallocate_args;
	int fd = open("/values", O_RDONLY | O_CLOEXEC);
	int result = fallocate64(fd, a[0], a[1], a[2]) < 0 ? -errno : 0;

	close(fd);
	return result;
}

/* Syscalls with parameters of every kind, which all fail. For parameters of 64 bits the C library's own functions
 * are called, because they know where the kernel wants these parameters. */
static void call_syscalls(const char *who)
{
	static const char path[] = "/no/such/file";
	const __off64_t offset = 0x123456789abcdell, length = 0x2345678912345ll;
	long long result;

#define CALL(name, call, format, ...)                                          \
	do {                                                                   \
		result = call;                                                 \
		say(who, #name, format "%llx", ##__VA_ARGS__, result == -1 ? -(long long)errno : result); \
	} while (0)
	CALL(getppid, syscall(SYS_getppid), "");
	CALL(close, syscall(SYS_close, -77), "%llx ", -77ll);
	CALL(listen, syscall(SYS_listen, -78, 0x1234567), "%llx %llx ", -78ll, 0x1234567ll);
	CALL(faccessat, syscall(SYS_faccessat, -79, path, 7), "%llx %llx %llx ", -79ll, (long long)(word)path, 7ll);
	CALL(openat, syscall(SYS_openat, -80, path, 0x12, 0123), "%llx %llx %llx %llx ", -80ll,
	     (long long)(word)path, 0x12ll, 0123ll);
	CALL(pread64, pread64(-81, (void *)path, 0x4321, offset), "%llx %llx %llx %llx ", -81ll, (long long)(word)path,
	     0x4321ll, (long long)offset);
	CALL(fallocate, fallocate64(-82, 3, offset, length), "%llx %llx %llx %llx ", -82ll, 3ll, (long long)offset,
	     (long long)length);
	CALL(mremap, syscall(SYS_mremap, 1, 0x2000, 0x3000, 0x70, 0x5000), "%llx %llx %llx %llx %llx ", 1ll, 0x2000ll,
	     0x3000ll, 0x70ll, 0x5000ll);
	CALL(sendto, syscall(SYS_sendto, -83, path, 0x11, 0x22, 0x33000, 0x44), "%llx %llx %llx %llx %llx %llx ",
	     -83ll, (long long)(word)path, 0x11ll, 0x22ll, 0x33000ll, 0x44ll);
}

/* The kernel's interfaces. */

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static __u64 pointer(const void *pointer)
{
	return (uintptr_t)pointer;
}

/* The whole of a file, and a zero byte after it. */
static char *contents(const char *path, size_t *length)
{
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0 || !text)
		return NULL;
	while ((got = read(fd, text + size, room - size - 1)) > 0) {
		size += got;
		if (room - size < 1 << 12)
			text = realloc(text, room *= 2);
		if (!text)
			return NULL;
	}
	close(fd);
	text[size] = 0;
	if (length)
		*length = size;
	return got < 0 ? NULL : text;
}

static int number_in(const char *format, const char *device)
{
	char path[128];
	char *text;
	int number = -1;

	snprintf(path, sizeof(path), format, device);
	text = contents(path, NULL);
	/* "8", or "config:0" for a bit. */
	if (text)
		number = atoi(strchr(text, ':') ? strchr(text, ':') + 1 : text);
	free(text);
	return number;
}

enum { SLOTS_AT_MOST = 64 };

/* The map that programs report to. The host sets its number of words. */
static int new_map(int slots)
{
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = slots * 8;
	attr.max_entries = 1;
	return bpf(BPF_MAP_CREATE, &attr);
}

static void say_report(const char *name, int map, int slots)
{
	__u64 report[SLOTS_AT_MOST];
	char text[SLOTS_AT_MOST * 17 + 1], *end = text;
	__u32 key = 0;
	union bpf_attr attr = { 0 };

	attr.map_fd = map;
	attr.key = pointer(&key);
	attr.value = pointer(report);
	if (bpf(BPF_MAP_LOOKUP_ELEM, &attr) < 0) {
		failed(name, "cannot read the map");
		return;
	}
	for (int i = 0; i < slots; i++)
		end += sprintf(end, "%llx ", (unsigned long long)report[i]);
	say(name, "report", "%s", text);
}

/* The verifier's last line, without its statistics; or the kernel's error, if there was no verifier's log. */
static void say_refusal(const char *name, char *log)
{
	const char *last = strerror(errno);

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) &&
		    strncmp(line, "stack depth", 11))
			last = line;
	say(name, "refused", "%s", last);
}

static int load(const char *name, const char *program, enum bpf_prog_type type, int attach_type, int map)
{
	static char log[1 << 20];
	union bpf_attr attr = { 0 };
	char path[256];
	size_t size;
	struct bpf_insn *instructions;
	int fd;

	snprintf(path, sizeof(path), "/programs/%s", program);
	instructions = (void *)contents(path, &size);
	if (!instructions) {
		failed(name, path);
		return -1;
	}
	size /= sizeof(*instructions);
	for (size_t i = 0; i < size; i++)
		if (instructions[i].code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    instructions[i].src_reg == BPF_PSEUDO_MAP_FD)
			instructions[i].imm = map;
	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.insns = pointer(instructions);
	attr.insn_cnt = size;
	attr.license = pointer("GPL");
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0) {
		attr.log_buf = pointer(log);
		attr.log_size = sizeof(log);
		attr.log_level = 1;
		fd = bpf(BPF_PROG_LOAD, &attr);
		if (fd < 0)
			say_refusal(name, log);
	}
	free(instructions);
	return fd;
}

static int attach_event(int program, const char *device, int returns, const char *symbol, word offset)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	int fd;

	attr.type = number_in("/sys/bus/event_source/devices/%s/type", device);
	if (returns)
		attr.config = 1ull << number_in("/sys/bus/event_source/devices/%s/format/retprobe", device);
	attr.uprobe_path = pointer(symbol);
	attr.probe_offset = offset;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) < 0 || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int attach_multi(int program, int returns, const char *symbol)
{
	union bpf_attr attr = { 0 };

	attr.link_create.prog_fd = program;
	attr.link_create.attach_type = BPF_TRACE_KPROBE_MULTI;
	attr.link_create.kprobe_multi.flags = returns ? BPF_F_KPROBE_MULTI_RETURN : 0;
	attr.link_create.kprobe_multi.cnt = 1;
	attr.link_create.kprobe_multi.syms = pointer(&symbol);
	return bpf(BPF_LINK_CREATE, &attr);
}

static int attach_raw_tracepoint(int program, const char *symbol)
{
	union bpf_attr attr = { 0 };

	attr.raw_tracepoint.name = pointer(symbol);
	attr.raw_tracepoint.prog_fd = program;
	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

/* The address of the probe: the kernel's list has a line for each probe, "<address> <kind> <symbol>+<offset>". */
static void say_probed_address(const char *name, const char *symbol)
{
	char *list = contents("/sys/kernel/debug/kprobes/list", NULL), found[256];
	unsigned long long address;

	for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n"))
		if (sscanf(line, "%llx %*s %255[^+ ]", &address, found) == 2 && !strcmp(found, symbol))
			say(name, "address", "%llx", address);
	free(list);
}

static void say_symbol(const char *name, const char *symbol)
{
	char line[512], found[256];
	unsigned long long address;
	FILE *symbols = fopen("/proc/kallsyms", "re");

	while (symbols && fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%llx %*c %255s", &address, found) == 2 && !strcmp(found, symbol)) {
			say(name, "symbol", "%llx", address);
			break;
		}
	if (symbols)
		fclose(symbols);
}

/* A kprobe on a function's first instruction, or on the next one if the kernel does not allow the first. */
static int attach_kprobe(const char *name, int program, int returns, const char *symbol)
{
	int fd = attach_event(program, "kprobe", returns, symbol, 0);

	if (fd < 0 && errno == EINVAL && !returns) {
		fd = attach_event(program, "kprobe", returns, symbol, 4);
		if (fd >= 0)
			say(name, "behind", "4");
	}
	return fd;
}

/* Steps. */

enum trigger { NOTHING, USER, KERNEL, CALLS, OTHER_USER, OTHER_CALLS };

static const struct kind {
	const char *name;
	enum bpf_prog_type type;
	int attach_type;
	int returns;
	enum trigger trigger;
} kinds[] = {
	{ "load", BPF_PROG_TYPE_KPROBE, 0, 0, NOTHING },
	{ "uprobe", BPF_PROG_TYPE_KPROBE, 0, 0, USER },
	{ "uretprobe", BPF_PROG_TYPE_KPROBE, 0, 1, USER },
	{ "kprobe", BPF_PROG_TYPE_KPROBE, 0, 0, KERNEL },
	{ "kretprobe", BPF_PROG_TYPE_KPROBE, 0, 1, KERNEL },
	{ "kprobe.multi", BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0, KERNEL },
	{ "kretprobe.multi", BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 1, KERNEL },
	{ "raw_tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, KERNEL },
	{ "kprobe.calls", BPF_PROG_TYPE_KPROBE, 0, 0, CALLS },
	{ "kretprobe.calls", BPF_PROG_TYPE_KPROBE, 0, 1, CALLS },
	{ "raw_tracepoint.calls", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, CALLS },
	{ "uprobe.other", BPF_PROG_TYPE_KPROBE, 0, 0, OTHER_USER },
	{ "uretprobe.other", BPF_PROG_TYPE_KPROBE, 0, 1, OTHER_USER },
	{ "kprobe.other", BPF_PROG_TYPE_KPROBE, 0, 0, OTHER_CALLS },
	{ "kretprobe.other", BPF_PROG_TYPE_KPROBE, 0, 1, OTHER_CALLS },
	{ "raw_tracepoint.other", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, OTHER_CALLS },
};

static const char other[] = "/other";

/* Runs the program of 32 bits. With the name of a step it makes the calls. With `?` and the name of a function it
 * prints the function's offset in the file. */
static void run_other(const char *what, char *said, size_t room)
{
	/* The child does not open the file itself, because its system calls are probed. */
	int ends[2], numbers = open("/values", O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	child = fork();
	if (!child) {
		dup2(numbers, 0);
		if (said)
			dup2(ends[1], 1);
		execl(other, other, what, (char *)NULL);
		failed(what, "cannot run the program of 32 bits");
		_exit(1);
	}
	close(ends[1]);
	if (said) {
		got = read(ends[0], said, room - 1);
		said[got > 0 ? got : 0] = 0;
	}
	close(ends[0]);
	close(numbers);
	waitpid(child, NULL, 0);
}

static word offset_in_other(const char *symbol)
{
	char question[64], answer[64];

	snprintf(question, sizeof(question), "?%s", symbol);
	run_other(question, answer, sizeof(answer));
	return strtoul(answer, NULL, 16);
}

static int attach(const char *name, const struct kind *kind, int program, const char *symbol)
{
	if (kind->type == BPF_PROG_TYPE_RAW_TRACEPOINT)
		return attach_raw_tracepoint(program, symbol);
	if (kind->attach_type == BPF_TRACE_KPROBE_MULTI)
		return attach_multi(program, kind->returns, symbol);
	if (kind->trigger == KERNEL || kind->trigger == CALLS || kind->trigger == OTHER_CALLS)
		return attach_kprobe(name, program, kind->returns, symbol);
	if (kind->trigger == OTHER_USER)
		return attach_event(program, "uprobe", kind->returns, other, offset_in_other(symbol));
	if (!traced_as(symbol)) {
		errno = ENOENT;
		return -1;
	}
	return attach_event(program, "uprobe", kind->returns, "/init", file_offset(entry(traced_as(symbol)->function)));
}

/* Several times, because an emulated processor may continue with an instruction that it read before the probe was
 * set. The calls are the same. */
static void trigger(const char *name, enum trigger trigger, const char *symbol)
{
	if (trigger == USER) {
		const struct traced *traced = traced_as(symbol);

		for (int i = 0; i < 3; i++)
			traced->call();
		say(name, "address", "%lx", entry(traced->function));
		say(name, "stack_pointer", "%lx", entry_stack_pointer);
		say(name, "return_address", "%lx", entry_return_address);
#ifdef READ_FRAME_POINTER
		say(name, "frame_pointer", "%lx", caller_frame_pointer);
#endif
	} else if (trigger == KERNEL) {
		long result;
		int fallocated;

		for (int i = 0; i < 3; i++) {
			result = call_sendto();
			fallocated = call_fallocate();
		}
		say(name, "result", "%llx", (long long)result);
		say(name, "fallocated", "%llx", (long long)fallocated);
		say(name, "number", "%x", SYS_sendto);
	} else if (trigger == CALLS) {
		for (int i = 0; i < 3; i++)
			call_syscalls("calls");
	} else if (trigger == OTHER_USER || trigger == OTHER_CALLS) {
		run_other(name, NULL, 0);
	}
}

/* The work of the program of 32 bits. */
static void as_other(const char *what)
{
	if (*what == '?') {
		const struct traced *traced = traced_as(what + 1);

		printf("%lx", traced ? file_offset(entry(traced->function)) : 0);
		fflush(stdout);
		return;
	}
	for (int i = 0; i < 3; i++) {
		call_mixed();
		call_syscalls("other");
	}
	say("other", "char", "%s", CHAR_MIN < 0 ? "signed" : "unsigned");
	say(what, "return_address", "%lx", entry_return_address);
}

static void step(const char *name, const struct kind *kind, const char *program, const char *symbol,
		 int slots)
{
	int map = new_map(slots), fd, attached;

	if (map < 0) {
		failed(name, "cannot make a map");
		return;
	}
	fd = load(name, program, kind->type, kind->attach_type, map);
	if (fd >= 0) {
		say(name, "loaded", "");
		if (kind->trigger != NOTHING) {
			attached = attach(name, kind, fd, symbol);
			if (attached < 0) {
				failed(name, "cannot attach");
			} else {
				trigger(name, kind->trigger, symbol);
				say_report(name, map, slots);
				if (!strcmp(kind->name, "kprobe"))
					say_probed_address(name, symbol);
				if (kind->trigger == KERNEL)
					say_symbol(name, symbol);
				close(attached);
			}
		}
		close(fd);
	}
	close(map);
}

static void run_plan(int slots)
{
	char line[512], name[128], kind[32], program[128], symbol[128];
	FILE *plan = fopen("/plan", "re");

	while (plan && fgets(line, sizeof(line), plan)) {
		if (sscanf(line, "%127s %31s %127s %127s", name, kind, program, symbol) != 4) {
			say("guest", "failed", "the plan has a line `%s`", line);
			continue;
		}
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (!strcmp(kinds[i].name, kind))
				step(name, &kinds[i], program, symbol, slots);
	}
}

/* The lines of the kernel's symbols that are functions of syscalls. */
static void say_symbols(void)
{
	char line[512], symbol[256];
	FILE *file = fopen("/proc/kallsyms", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*c %255s", symbol) == 1 &&
		    /* mips has the last two. */
		    (strstr(symbol, "sys_") || strstr(symbol, "sys32_") || strstr(symbol, "sysm_")) &&
		    !strpbrk(symbol, ".$") && !strstr(symbol, "__event_") && !strstr(symbol, "_metadata") &&
		    strncmp(symbol, "__pfx_", 6) && strncmp(symbol, "event_", 6) &&
		    strncmp(symbol, "_eil_addr_", 10) && strncmp(symbol, "__syscall_meta_", 15) &&
		    strncmp(symbol, "types__", 7) && strncmp(symbol, "args__", 6)) {
			line[strcspn(line, "\n")] = 0;
			say("symbols", "line", "%s", line);
		}
}

/* The numbers to call with. The number of slots in a report comes before them. */
static int read_values(FILE *file)
{
	int slots = 0;
	uint64_t *value = (uint64_t *)&values;

	if (!file || fscanf(file, "%d", &slots) != 1 || slots > SLOTS_AT_MOST)
		say("guest", "failed", "no number of slots in /values");
	for (size_t i = 0; file && i < sizeof(values) / sizeof(*value); i++)
		if (fscanf(file, "%" SCNx64, &value[i]) != 1)
			say("guest", "failed", "no value %zu in /values", i);
	return slots;
}

int main(int argc, char **argv)
{
	struct utsname kernel;

	if (argc > 1) {
		read_values(stdin);
		as_other(argv[1]);
		return 0;
	}
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	uname(&kernel);
	say("guest", "release", "%s", kernel.release);
	say("guest", "char", "%s", CHAR_MIN < 0 ? "signed" : "unsigned");

	run_plan(read_values(fopen("/values", "re")));
	say_symbols();
	say("guest", "done", "");
	reboot(RB_POWER_OFF);
	pause();
}
