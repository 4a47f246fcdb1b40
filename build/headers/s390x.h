struct psw_t {
	unsigned long mask;
	unsigned long addr;
};

/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/s390/include/asm/ptrace.h` up to `int_code`.
 * The UAPI's `user_pt_regs` ends after `gprs`.
 */
struct pt_regs {
	unsigned long args[1];
	struct psw_t psw;
	unsigned long gprs[16];
	unsigned long orig_gpr2;
	unsigned int int_code;
};
