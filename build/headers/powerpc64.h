/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/powerpc/include/asm/ptrace.h`. Its first 44
 * slots are the UAPI's; the slots after them depend on the kernel's configuration.
 */
struct pt_regs {
	unsigned long gpr[32];
	unsigned long nip;
	unsigned long msr;
	unsigned long orig_gpr3;
	unsigned long ctr;
	unsigned long link;
	unsigned long xer;
	unsigned long ccr;
	unsigned long softe;
	unsigned long trap;
	unsigned long dar;
	unsigned long dsisr;
	unsigned long result;
};
