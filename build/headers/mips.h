/**
 * What `ctx` points to: `struct pt_regs` of `arch/mips/include/asm/ptrace.h` for o32. The UAPI's
 * struct of this name has 64-bit registers at offset 0 and is not what `ctx` holds. The first
 * slots are the save area that o32 gives a callee; the syscall entry stores arguments 4 to 7
 * there. The kernel's slots are `long`, which C that is compiled for BPF takes for 8 bytes.
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
