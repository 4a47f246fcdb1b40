/*
 * The C side: keeps the registers of the call of malloc that asked for the most memory so far.
 *
 * This file names no machine. The header has the fields of `struct pt_regs`. The Rust side knows which
 * slot holds the argument, if a slot holds it. A `c_ulong` is the machine's `unsigned long`, and as wide
 * as its `size_t`. `unsigned long` itself would be BPF's here.
 */

#include <probe_abi.h>

/* In main.rs. */
c_ulong asked_for(const struct pt_regs *regs);

/* The only variable in the map `.bss`, where user space reads it. */
struct largest {
	c_ulong size;
	struct pt_regs regs;
} largest;

/* main.rs calls it. It takes no lock: two processors that run it at the same time may mix their calls. */
void keep_largest(const struct pt_regs *regs)
{
	c_ulong size = asked_for(regs);

	if (size > largest.size) {
		largest.size = size;
		largest.regs = *regs;
	}
}
