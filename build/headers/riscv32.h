/*
 * struct pt_regs of arch/riscv/include/asm/ptrace.h is the same text for both widths of long. In C that
 * is compiled for BPF, long has 8 bytes.
 */
#define long int
#include "riscv64.h"
#undef long
