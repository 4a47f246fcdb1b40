/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/mips/include/asm/ptrace.h` for n64. The
 * UAPI's struct of this name has another order after `regs`: `ctx` does not hold that struct.
 */
struct pt_regs {
	unsigned long regs[32];
	unsigned long cp0_status;
	unsigned long hi;
	unsigned long lo;
	unsigned long cp0_badvaddr;
	unsigned long cp0_cause;
	unsigned long cp0_epc;
};
