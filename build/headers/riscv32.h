/*
 * struct pt_regs of arch/riscv/include/asm/ptrace.h is the same text for both widths of long. C that
 * is compiled for BPF takes long for 8 bytes.
 */
#define long int
#include "riscv64.h"
#undef long
