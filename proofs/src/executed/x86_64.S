# x86_64: rax rbx rcx rdx rsi rdi rbp rsp r8 to r15, in this order.

#define SCRATCH(X) X(rax,0) X(rcx,2) X(rdx,3) X(rsi,4) X(rdi,5) X(r8,8) X(r9,9) X(r10,10) X(r11,11)
#define SAVED(X) X(rbx,1) X(rbp,6) X(r12,12) X(r13,13) X(r14,14) X(r15,15)
#define SEE(r,n) mov %r, seen + 8 * n;
#define GIVE(r,n) mov given + 8 * n, %r;
#define SAVE(r,n) mov %r, saved + 8 * n;
#define RESTORE(r,n) mov saved + 8 * n, %r;

    .globl _start, probe, enter, leap, pads
_start:
    call run
    mov $1, %eax
    mov $1, %edi
    mov $output, %rsi
    mov output_length, %rdx
    syscall
    mov $60, %eax
    xor %edi, %edi
    syscall

probe:
    SCRATCH(SEE) SAVED(SEE) SEE(rsp,7)
    mov %rsp, stack_at
    mov %rsp, %rsi
    mov $seen_stack, %rdi
    mov $STACK, %ecx
    rep movsb
    SCRATCH(GIVE)
    ret

    # The memory at the stack pointer of a function is given, except the return address of a call.
    .macro into, push
    SAVED(SAVE) SAVE(rsp,7)
    sub $2 * STACK, %rsp
    and $-16, %rsp
    lea -8(%rsp), %rdi
    mov $given_stack, %rsi
    mov $STACK, %ecx
    rep movsb
    sub $8 - \push, %rsp
    SCRATCH(GIVE) SAVED(GIVE)
    .endm

enter:
    into 8
    call *target
back:
    SCRATCH(SEE) SAVED(SEE) SEE(rsp,7)
    SAVED(RESTORE) RESTORE(rsp,7)
    ret

leap:
    into 0
    jmp *target

    .balign 16
pads:
    .rept 128
    call landed
    .balign 16
    .endr
landed:
    pop %rax
    sub $5, %rax
    mov %rax, landing
    jmp back
    .section .note.GNU-stack
