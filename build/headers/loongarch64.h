/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/loongarch/include/asm/ptrace.h`. The UAPI's
 * `user_pt_regs` ends in ten reserved slots. `ctx` holds five of them, and the verifier refuses the
 * others.
 */
struct pt_regs {
	unsigned long regs[32];
	unsigned long orig_a0;
	unsigned long csr_era;
	unsigned long csr_badv;
	unsigned long csr_crmd;
	unsigned long csr_prmd;
	unsigned long csr_euen;
	unsigned long csr_ecfg;
	unsigned long csr_estat;
};
