/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/powerpc/include/asm/ptrace.h`. Its first 44
 * slots are the UAPI's; the slots after them depend on the kernel's configuration. The kernel's slots
 * are `long`, which has 8 bytes in C that is compiled for BPF.
 */
struct pt_regs {
	unsigned int gpr[32];
	unsigned int nip;
	unsigned int msr;
	unsigned int orig_gpr3;
	unsigned int ctr;
	unsigned int link;
	unsigned int xer;
	unsigned int ccr;
	unsigned int mq;
	unsigned int trap;
	unsigned int dar;
	unsigned int dsisr;
	unsigned int result;
};
