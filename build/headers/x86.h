/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/x86/include/asm/ptrace.h` for 32 bits, with
 * the names of `uapi/asm/ptrace.h`. Segment slots are as wide as the others; only their low half means
 * something. The kernel's slots are `long`, which has 8 bytes in C that is compiled for BPF.
 */
struct pt_regs {
	unsigned int ebx;
	unsigned int ecx;
	unsigned int edx;
	unsigned int esi;
	unsigned int edi;
	unsigned int ebp;
	unsigned int eax;
	unsigned int xds;
	unsigned int xes;
	unsigned int xfs;
	unsigned int xgs;
	unsigned int orig_eax;
	unsigned int eip;
	unsigned int xcs;
	unsigned int eflags;
	unsigned int esp;
	unsigned int xss;
};
