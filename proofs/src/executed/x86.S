# x86: eax ebx ecx edx esi edi ebp esp, in this order.

#define SCRATCH(X) X(eax,0) X(ecx,2) X(edx,3)
#define SAVED(X) X(ebx,1) X(esi,4) X(edi,5) X(ebp,6)
#define SEE(r,n) mov %r, seen + 4 * n;
#define GIVE(r,n) mov given + 4 * n, %r;
#define SAVE(r,n) mov %r, saved + 4 * n;
#define RESTORE(r,n) mov saved + 4 * n, %r;

    .globl _start, probe, enter, leap, pads
_start:
    call run
    mov $4, %eax
    mov $1, %ebx
    mov $output, %ecx
    mov output_length, %edx
    int $0x80
    mov $1, %eax
    xor %ebx, %ebx
    int $0x80

probe:
    SCRATCH(SEE) SAVED(SEE) SEE(esp,7)
    mov %esp, stack_at
    mov %esp, %eax
    SAVED(SAVE)
    mov %eax, %esi
    mov $seen_stack, %edi
    mov $STACK, %ecx
    rep movsb
    SAVED(RESTORE)
    SCRATCH(GIVE)
    ret

    # The memory at the stack pointer of a function is given, except the return address of a call.
    .macro into, push
    SAVED(SAVE) SAVE(esp,7)
    sub $2 * STACK, %esp
    and $-16, %esp
    lea -4(%esp), %edi
    mov $given_stack, %esi
    mov $STACK, %ecx
    rep movsb
    sub $4 - \push, %esp
    SCRATCH(GIVE) SAVED(GIVE)
    .endm

enter:
    into 4
    call *target
back:
    SCRATCH(SEE) SAVED(SEE) SEE(esp,7)
    SAVED(RESTORE) RESTORE(esp,7)
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
    pop %eax
    sub $5, %eax
    mov %eax, landing
    jmp back
    .section .note.GNU-stack
