/*
 * The C side: keeps the registers of the call of malloc that asked for the most memory so far.
 *
 * There is no machine in this file. What `struct pt_regs` looks like is in the header, and which of
 * its slots is the argument, if one is, is Rust's to say. A `c_ulong` is what `unsigned long` is on that
 * machine, and so what `size_t` is; `unsigned long` itself would here be BPF's.
 */

#include <probe_abi.h>

/* In main.rs. */
c_ulong asked_for(const struct pt_regs *regs);

/* All that is in the map `.bss`, where user space reads it. */
struct largest {
	c_ulong size;
	struct pt_regs regs;
} largest;

/* Called in main.rs. It takes no lock: two processors that are here at once may mix their calls. */
void keep_largest(const struct pt_regs *regs)
{
	c_ulong size = asked_for(regs);

	if (size > largest.size) {
		largest.size = size;
		largest.regs = *regs;
	}
}
