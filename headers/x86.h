/**
 * What `ctx` points to: `struct pt_regs` of `arch/x86/include/asm/ptrace.h` for 32 bits, under
 * the names of `uapi/asm/ptrace.h`. Segment slots are as wide as the others; only their low half
 * means something.
 */
struct pt_regs {
	unsigned long ebx;
	unsigned long ecx;
	unsigned long edx;
	unsigned long esi;
	unsigned long edi;
	unsigned long ebp;
	unsigned long eax;
	unsigned long xds;
	unsigned long xes;
	unsigned long xfs;
	unsigned long xgs;
	unsigned long orig_eax;
	unsigned long eip;
	unsigned long xcs;
	unsigned long eflags;
	unsigned long esp;
	unsigned long xss;
};
