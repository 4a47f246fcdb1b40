/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/arm64/include/asm/ptrace.h` up to `orig_x0`.
 * The UAPI's `user_pt_regs` ends before `orig_x0`. The fields after `orig_x0` have moved between releases.
 */
struct pt_regs {
	unsigned long regs[31];
	unsigned long sp;
	unsigned long pc;
	unsigned long pstate;
	unsigned long orig_x0;
};
