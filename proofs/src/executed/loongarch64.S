# loongarch64: r0 to r31.

    .globl _start, probe, enter, leap, pads
_start:
    bl run
    li.w $a7, 64
    li.w $a0, 1
    la.pcrel $a1, output
    la.pcrel $a2, output_length
    ld.d $a2, $a2, 0
    syscall 0
    li.w $a7, 93
    li.w $a0, 0
    syscall 0

    .macro each op, numbers:vararg
    .irp n, \numbers
    \op $r\n, $t8, \n * 8
    .endr
    .endm

    # Stores all registers in seen. It uses the memory below the stack pointer for a moment.
    .macro see
    st.d $t8, $sp, -16
    la.pcrel $t8, seen
    each st.d, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld.d $t7, $sp, -16
    st.d $t7, $t8, 160
    .endm

    # Copies the words of one stack.
    .macro copy from, to
    li.w $t2, STACK
1:  ld.d $t3, \from, 0
    st.d $t3, \to, 0
    addi.d \from, \from, 8
    addi.d \to, \to, 8
    addi.d $t2, $t2, -8
    bnez $t2, 1b
    .endm

probe:
    see
    la.pcrel $t0, stack_at
    st.d $sp, $t0, 0
    move $t0, $sp
    la.pcrel $t1, seen_stack
    copy $t0, $t1
    la.pcrel $t8, given
    each ld.d, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
    ret

    # t8 is the address to go to. All other registers except tp, sp and r21 are given.
    .macro into
    la.pcrel $t8, saved
    each st.d, 1, 3, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    addi.d $sp, $sp, -2 * STACK
    move $t0, $sp
    la.pcrel $t1, given_stack
    copy $t1, $t0
    la.pcrel $t8, given
    each ld.d, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    la.pcrel $t8, target
    ld.d $t8, $t8, 0
    .endm

enter:
    into
    jirl $ra, $t8, 0
back:
    see
    la.pcrel $t8, saved
    each ld.d, 1, 3, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ret

leap:
    into
    jr $t8

    .balign 16
pads:
    .rept 128 * 4
    bl landed
    .endr
landed:
    la.pcrel $t8, landing
    addi.d $ra, $ra, -4
    st.d $ra, $t8, 0
    b back
    .section .note.GNU-stack
