# riscv64 and riscv32: x1 to x31, so ra sp gp tp t0 to t2 s0 s1 a0 to a7 s2 to s11 t3 to t6.

#if __riscv_xlen == 64
#define LOAD ld
#define STORE sd
#define WORD 8
#else
#define LOAD lw
#define STORE sw
#define WORD 4
#endif

    .option norelax
    .option norvc
    .globl _start, probe, enter, leap, pads
_start:
    call run
    li a7, 64
    li a0, 1
    la a1, output
    la a2, output_length
    LOAD a2, 0(a2)
    ecall
    li a7, 93
    li a0, 0
    ecall

    .macro each op, numbers:vararg
    .irp n, \numbers
    \op x\n, ((\n - 1) * WORD)(t6)
    .endr
    .endm

    // Stores all registers in seen. It uses the memory below the stack pointer for a moment.
    .macro see
    STORE t6, -16(sp)
    la t6, seen
    each STORE, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    LOAD t5, -16(sp)
    STORE t5, (30 * WORD)(t6)
    .endm

    // Copies the words of one stack.
    .macro copy from, to
    li t2, STACK
1:  LOAD t3, 0(\from)
    STORE t3, 0(\to)
    addi \from, \from, WORD
    addi \to, \to, WORD
    addi t2, t2, -WORD
    bnez t2, 1b
    .endm

probe:
    see
    la t0, stack_at
    STORE sp, 0(t0)
    mv t0, sp
    la t1, seen_stack
    copy t0, t1
    la t6, given
    each LOAD, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
    ret

    // t6 is the address to go to. All other registers except sp, gp and tp are given.
    .macro into
    la t6, saved
    each STORE, 1, 2, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    addi sp, sp, -2 * STACK
    mv t0, sp
    la t1, given_stack
    copy t1, t0
    la t6, given
    each LOAD, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    la t6, target
    LOAD t6, 0(t6)
    .endm

enter:
    into
    jalr t6
back:
    see
    la t6, saved
    each LOAD, 1, 2, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    ret

leap:
    into
    jr t6

    .balign 16
pads:
    .rept 128 * 4
    jal ra, landed
    .endr
landed:
    la t6, landing
    addi ra, ra, -4
    STORE ra, 0(t6)
    j back
    .section .note.GNU-stack
