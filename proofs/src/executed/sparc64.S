! sparc64: g0 to g7, o0 to o7. The stack is 2047 bytes above the stack pointer.

#define GLOBALS(X) X(g2,2) X(g3,3) X(g4,4) X(g5,5) X(g6,6) X(g7,7)
#define OUTS(X) X(o0,8) X(o1,9) X(o2,10) X(o3,11) X(o4,12) X(o5,13)
#define SEE(r,n) stx %r, [%g1 + 8 * n];
#define GIVE(r,n) ldx [%g1 + 8 * n], %r;

    .register %g2, #ignore
    .register %g3, #ignore
    .register %g6, #ignore
    .register %g7, #ignore
    .globl _start, probe, enter, leap, pads
_start:
    add %sp, -192, %sp
    call run
    nop
    mov 4, %g1
    mov 1, %o0
    set output, %o1
    set output_length, %o2
    ldx [%o2], %o2
    ta 0x6d
    mov 1, %g1
    mov 0, %o0
    ta 0x6d

    ! Stores all registers in seen. It uses the memory below the stack pointer for a moment.
    .macro see
    stx %g1, [%sp + 2047 - 16]
    set seen, %g1
    stx %g0, [%g1]
    GLOBALS(SEE) OUTS(SEE) SEE(o6,14) SEE(o7,15)
    ldx [%sp + 2047 - 16], %o0
    stx %o0, [%g1 + 8]
    .endm

    ! Copies the words of one stack.
    .macro copy from, to
    mov STACK, %o2
1:  ldx [\from], %o3
    stx %o3, [\to]
    add \from, 8, \from
    subcc %o2, 8, %o2
    bne 1b
    add \to, 8, \to
    .endm

probe:
    see
    set stack_at, %g1
    add %sp, 2047, %o0
    stx %o0, [%g1]
    set seen_stack, %o1
    copy %o0, %o1
    set given, %g1
    OUTS(GIVE) GIVE(g4,4) GIVE(g5,5) GIVE(g1,1)
    retl
    nop

    ! l1 is the address to go to. Registers that calls leave unchanged are not given.
    .macro into
    save %sp, -3 * STACK, %sp
    add %sp, 2047, %o0
    set given_stack, %o1
    copy %o1, %o0
    set target, %g1
    ldx [%g1], %l1
    set given, %g1
    OUTS(GIVE) GIVE(o7,15) GIVE(g4,4) GIVE(g5,5) GIVE(g1,1)
    .endm

enter:
    into
    call %l1
    nop
back:
    see
    ret
    restore

leap:
    into
    jmp %l1
    nop

    .balign 16
pads:
    .rept 128 * 2
    call landed
    nop
    .endr
landed:
    set landing, %g1
    stx %o7, [%g1]
    ba back
    nop
    .section .note.GNU-stack
