/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/sparc/include/uapi/asm/ptrace.h` for 64 bits.
 */
struct pt_regs {
	unsigned long u_regs[16];
	unsigned long tstate;
	unsigned long tpc;
	unsigned long tnpc;
	unsigned int y;
	unsigned int magic;
};
