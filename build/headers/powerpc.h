/**
 * What `ctx` points to: `struct pt_regs` of `arch/powerpc/include/asm/ptrace.h`, whose first 44
 * slots are the UAPI's; what the kernel appends depends on its configuration. The kernel's slots
 * are `long`, which C that is compiled for BPF takes for 8 bytes.
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
