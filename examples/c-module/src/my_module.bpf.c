/*
 * The C side: keeps the registers of the call whose first argument is the largest so far. Of malloc,
 * that is the call that asked for the most memory.
 *
 * There is no machine in this file. What `struct pt_regs` looks like is in the header, and which of
 * its slots is the first argument is Rust's to say. A `c_ulong` is what `unsigned long` is on that
 * machine; `unsigned long` itself would here be BPF's.
 */

#include <probe_abi.h>

/* In main.rs. */
c_ulong argument(const struct pt_regs *regs, c_uint index);

/* All that is in the map `.bss`, where user space reads it. */
struct largest {
	c_ulong argument;
	struct pt_regs regs;
} largest;

/* Called in main.rs. It takes no lock: two processors that are here at once may mix their calls. */
void keep_largest(const struct pt_regs *regs)
{
	c_ulong first = argument(regs, 0);

	if (first > largest.argument) {
		largest.argument = first;
		largest.regs = *regs;
	}
}
