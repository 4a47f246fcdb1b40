# mips (o32) and mips64 (n64): r0 to r31. k0 and k1 (26, 27) belong to the kernel and stay 0.

#if _MIPS_SIM == _ABI64
#define LOAD ld
#define STORE sd
#define ADDRESS dla
#define ADD daddiu
#define WORD 8
#define WRITE 5001
#define EXIT 5058
#else
#define LOAD lw
#define STORE sw
#define ADDRESS la
#define ADD addiu
#define WORD 4
#define WRITE 4004
#define EXIT 4001
#endif

    .set noat
    .set noreorder
    .globl _start, probe, enter, leap, pads
    .globl __start
__start:
_start:
    ADD $29, $29, -32
    jal run
    nop
    li $2, WRITE
    li $4, 1
    ADDRESS $5, output
    ADDRESS $6, output_length
    LOAD $6, 0($6)
    syscall
    li $2, EXIT
    li $4, 0
    syscall

    .macro each op, numbers:vararg
    .irp n, \numbers
    \op $\n, (\n * WORD)($26)
    .endr
    .endm

    .macro see
    ADDRESS $26, seen
    each STORE, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 29, 30, 31
    .endm

    # Copies the words of one stack.
    .macro copy from, to
    li $10, STACK
1:  LOAD $11, 0(\from)
    STORE $11, 0(\to)
    ADD \from, \from, WORD
    ADD $10, $10, -WORD
    bnez $10, 1b
    ADD \to, \to, WORD
    .endm

probe:
    see
    ADDRESS $8, stack_at
    STORE $29, 0($8)
    move $8, $29
    ADDRESS $9, seen_stack
    copy $8, $9
    ADDRESS $26, given
    each LOAD, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25
    jr $31
    nop

    # t9 (25) is the address to go to. All other registers except gp and sp (28, 29) are given.
    .macro into
    ADDRESS $26, saved
    each STORE, 16, 17, 18, 19, 20, 21, 22, 23, 28, 29, 30, 31
    ADD $29, $29, -2 * STACK
    move $8, $29
    ADDRESS $9, given_stack
    copy $9, $8
    ADDRESS $26, given
    each LOAD, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 30, 31
    ADDRESS $25, target
    LOAD $25, 0($25)
    .endm

enter:
    into
    jalr $25
    nop
back:
    see
    ADDRESS $26, saved
    each LOAD, 16, 17, 18, 19, 20, 21, 22, 23, 28, 29, 30, 31
    jr $31
    nop

leap:
    into
    jr $25
    nop

    .balign 16
pads:
    .rept 128 * 2
    jal landed
    nop
    .endr
landed:
    ADDRESS $26, landing
    ADD $31, $31, -8
    STORE $31, 0($26)
    b back
    nop
    .section .note.GNU-stack
