/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/arm/include/uapi/asm/ptrace.h`: r0 to r15,
 * cpsr, ORIG_r0. The kernel's slots are `long`, which has 8 bytes in C that is compiled for BPF.
 */
struct pt_regs {
	unsigned int uregs[18];
};
