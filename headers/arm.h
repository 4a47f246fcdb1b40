/**
 * What `ctx` points to: `struct pt_regs` of `arch/arm/include/uapi/asm/ptrace.h`: r0 to r15,
 * cpsr, ORIG_r0. The kernel's slots are `long`, which BPF's own data model would make 8 bytes.
 */
struct pt_regs {
	unsigned long uregs[18];
};
