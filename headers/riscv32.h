/* struct pt_regs of arch/riscv/include/asm/ptrace.h is the same text for both widths of long. */

#include "riscv64.h"
