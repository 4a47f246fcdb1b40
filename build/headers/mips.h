/**
 * The struct that `ctx` points to: `struct pt_regs` of `arch/mips/include/asm/ptrace.h` for o32. The
 * UAPI's struct of this name has 64-bit registers at offset 0: `ctx` does not hold that struct. The
 * first slots are the save area that o32 gives a callee; the syscall entry stores arguments 4 to 7
 * there. The kernel's slots are `long`, which has 8 bytes in C that is compiled for BPF.
 */
struct pt_regs {
	unsigned int args[8];
	unsigned int regs[32];
	unsigned int cp0_status;
	unsigned int hi;
	unsigned int lo;
	unsigned int cp0_badvaddr;
	unsigned int cp0_cause;
	unsigned int cp0_epc;
};
