/**
 * What `ctx` points to: `struct pt_regs` of `arch/mips/include/asm/ptrace.h` for o32. The UAPI's
 * struct of this name has 64-bit registers at offset 0 and is not what `ctx` holds. The first
 * slots are the save area that o32 gives a callee; the syscall entry stores arguments 4 to 7
 * there.
 */
struct pt_regs {
	unsigned long args[8];
	unsigned long regs[32];
	unsigned long cp0_status;
	unsigned long hi;
	unsigned long lo;
	unsigned long cp0_badvaddr;
	unsigned long cp0_cause;
	unsigned long cp0_epc;
};
