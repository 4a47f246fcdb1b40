/**
 * What `ctx` points to: `struct pt_regs` of `arch/arm/include/uapi/asm/ptrace.h`: r0 to r15,
 * cpsr, ORIG_r0. The kernel's slots are `long`, which C that is compiled for BPF takes for 8 bytes.
 */
struct pt_regs {
	unsigned int uregs[18];
};
