@ arm: r0 to r14.

    .arm
    .arch armv7-a
    .globl _start, probe, enter, leap, pads
_start:
    bl run
    mov r7, #4
    mov r0, #1
    ldr r1, =output
    ldr r2, =output_length
    ldr r2, [r2]
    svc #0
    mov r7, #1
    mov r0, #0
    svc #0

    @ Stores all registers in seen. It uses the memory below the stack pointer for a moment.
    .macro see
    str r12, [sp, #-4]
    ldr r12, =seen
    stmia r12, {r0-r11}
    str sp, [r12, #52]
    str lr, [r12, #56]
    ldr r0, [sp, #-4]
    str r0, [r12, #48]
    .endm

    @ Copies the words of one stack.
    .macro copy from, to
    mov r3, #STACK
1:  ldr r12, [\from], #4
    str r12, [\to], #4
    subs r3, r3, #4
    bne 1b
    .endm

probe:
    see
    ldr r1, =stack_at
    str sp, [r1]
    mov r1, sp
    ldr r2, =seen_stack
    copy r1, r2
    ldr r12, =given
    ldmia r12, {r0-r3}
    bx lr

    @ r12 is the address to go to. All other registers except the stack pointer are given.
    .macro into
    ldr r12, =saved
    stmia r12, {r4-r11}
    str sp, [r12, #32]
    str lr, [r12, #36]
    sub sp, sp, #2 * STACK
    mov r1, sp
    ldr r2, =given_stack
    copy r2, r1
    ldr r12, =given
    ldmia r12, {r0-r11}
    ldr lr, [r12, #56]
    ldr r12, =target
    ldr r12, [r12]
    .endm

enter:
    into
    blx r12
back:
    see
    ldr r12, =saved
    ldmia r12, {r4-r11}
    ldr sp, [r12, #32]
    ldr lr, [r12, #36]
    bx lr

leap:
    into
    bx r12
    .ltorg

    .balign 16
pads:
    .rept 128 * 4
    bl landed
    .endr
landed:
    ldr r12, =landing
    sub lr, lr, #4
    str lr, [r12]
    b back
    .ltorg
    .section .note.GNU-stack
