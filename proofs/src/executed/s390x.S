# s390x: r0 to r15.

    .globl _start, probe, enter, leap, pads
_start:
    aghi %r15, -160
    brasl %r14, run
    lghi %r1, 4
    lghi %r2, 1
    larl %r3, output
    larl %r4, output_length
    lg %r4, 0(%r4)
    svc 0
    lghi %r1, 1
    lghi %r2, 0
    svc 0

    # Stores all registers in seen. It uses the memory below the stack pointer for a moment.
    .macro see
    stg %r1, -16(%r15)
    larl %r1, seen
    stmg %r0, %r15, 0(%r1)
    lg %r0, -16(%r15)
    stg %r0, 8(%r1)
    .endm

probe:
    see
    larl %r1, stack_at
    stg %r15, 0(%r1)
    larl %r1, seen_stack
    mvc 0(STACK, %r1), 0(%r15)
    larl %r1, given
    lmg %r0, %r5, 0(%r1)
    br %r14

    # r1 is the address to go to. All other registers except the stack pointer are given.
    .macro into
    larl %r1, saved
    stmg %r6, %r15, 0(%r1)
    aghi %r15, -2 * STACK
    larl %r1, given_stack
    mvc 0(STACK, %r15), 0(%r1)
    larl %r1, given
    lg %r0, 0(%r1)
    lmg %r2, %r14, 16(%r1)
    larl %r1, target
    lg %r1, 0(%r1)
    .endm

enter:
    into
    basr %r14, %r1
back:
    see
    larl %r1, saved
    lmg %r6, %r15, 0(%r1)
    br %r14

leap:
    into
    br %r1

    .balign 16
pads:
    .rept 128
    brasl %r14, landed
    .balign 16
    .endr
landed:
    larl %r1, landing
    aghi %r14, -6
    stg %r14, 0(%r1)
    j back
    .section .note.GNU-stack
