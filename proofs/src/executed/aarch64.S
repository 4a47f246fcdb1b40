// aarch64: x0 to x30, sp.

    .globl _start, probe, enter, leap, pads
_start:
    bl run
    mov x8, #64
    mov x0, #1
    ldr x1, =output
    ldr x2, =output_length
    ldr x2, [x2]
    svc #0
    mov x8, #93
    mov x0, #0
    svc #0

    // Stores all registers in seen. It uses the memory below the stack pointer for a moment.
    .macro see
    stp x16, x17, [sp, #-16]
    ldr x16, =seen
    .irp n, 0, 2, 4, 6, 8, 10, 12, 14, 20, 22, 24, 26, 28
    pair stp, \n, %(\n + 1)
    .endr
    stp x18, x19, [x16, #144]
    mov x1, sp
    stp x30, x1, [x16, #240]
    ldp x2, x3, [sp, #-16]
    stp x2, x3, [x16, #128]
    .endm

    .altmacro
    .macro pair op, n, next
    \op x\n, x\next, [x16, #8 * \n]
    .endm

probe:
    see
    ldr x2, =stack_at
    str x1, [x2]
    ldr x2, =seen_stack
    mov x3, #STACK
1:  ldr x4, [x1], #8
    str x4, [x2], #8
    subs x3, x3, #8
    b.ne 1b
    ldr x16, =given
    .irp n, 0, 2, 4, 6, 8, 10, 12, 14
    pair ldp, \n, %(\n + 1)
    .endr
    ret

    // x16 is the address to go to. All other registers except the stack pointer are given.
    .macro into
    ldr x16, =saved
    .irp n, 18, 20, 22, 24, 26, 28
    pair stp, \n, %(\n + 1)
    .endr
    mov x1, sp
    stp x30, x1, [x16, #240]
    sub sp, sp, #2 * STACK
    mov x1, sp
    ldr x2, =given_stack
    mov x3, #STACK
1:  ldr x4, [x2], #8
    str x4, [x1], #8
    subs x3, x3, #8
    b.ne 1b
    ldr x16, =given
    .irp n, 0, 2, 4, 6, 8, 10, 12, 14, 18, 20, 22, 24, 26, 28
    pair ldp, \n, %(\n + 1)
    .endr
    ldr x17, [x16, #136]
    ldr x30, [x16, #240]
    ldr x16, =target
    ldr x16, [x16]
    .endm

enter:
    into
    blr x16
back:
    see
    ldr x16, =saved
    .irp n, 18, 20, 22, 24, 26, 28
    pair ldp, \n, %(\n + 1)
    .endr
    ldp x30, x1, [x16, #240]
    mov sp, x1
    ret

leap:
    into
    br x16
    .ltorg

    .balign 16
pads:
    .rept 128 * 4
    bl landed
    .endr
landed:
    ldr x16, =landing
    sub x30, x30, #4
    str x30, [x16]
    b back
    .ltorg
    .section .note.GNU-stack
