# powerpc, powerpc64: r0 to r31, the link register.

#ifdef __powerpc64__
#define LOAD ld
#define STORE std
#define WORD 8
#else
#define LOAD lwz
#define STORE stw
#define WORD 4
#endif

# In ELFv1 a function's symbol is a descriptor of it.
#if defined(__powerpc64__) && _CALL_ELF != 2
#define FUNCTION(name) .pushsection .opd, "aw"; .globl name; name: .quad .L.name, .TOC.@tocbase, 0; .popsection; .L.name:
#else
#define FUNCTION(name) .globl name; name:
#endif

    .globl pads
    .macro address register, symbol
    lis \register, \symbol@ha
    addi \register, \register, \symbol@l
    .endm

FUNCTION(_start)
#if _CALL_ELF == 2
    address 2, .TOC.
#endif
    addi 1, 1, -128
    bl run
    nop
    li 0, 4
    li 3, 1
    address 4, output
    address 5, output_length
    LOAD 5, 0(5)
    sc
    li 0, 1
    li 3, 0
    sc

    .macro each op, numbers:vararg
    .irp n, \numbers
    \op \n, (\n * WORD)(12)
    .endr
    .endm

    # Stores all registers in seen. It uses the memory below the stack pointer for a moment.
    .macro see
    STORE 12, -16(1)
    address 12, seen
    each STORE, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    LOAD 11, -16(1)
    STORE 11, (12 * WORD)(12)
    mflr 11
    STORE 11, (32 * WORD)(12)
    .endm

    # Copies the words of one stack.
    .macro copy from, to
    li 6, STACK
1:  LOAD 7, 0(\from)
    STORE 7, 0(\to)
    addi \from, \from, WORD
    addi \to, \to, WORD
    addic. 6, 6, -WORD
    bne 1b
    .endm

FUNCTION(probe)
    see
    address 4, stack_at
    STORE 1, 0(4)
    mr 4, 1
    address 5, seen_stack
    copy 4, 5
    address 12, given
    each LOAD, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    blr

    # r12 and ctr are the address to go to. All other registers except r1, r2 and r13 are given.
    .macro into
    address 12, saved
    mflr 0
    each STORE, 0, 1, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    addi 1, 1, -2 * STACK
    mr 4, 1
    address 5, given_stack
    copy 5, 4
    address 12, given
    LOAD 0, (32 * WORD)(12)
    mtlr 0
    each LOAD, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    address 12, target
    LOAD 12, 0(12)
#if defined(__powerpc64__) && _CALL_ELF != 2
    ld 12, 0(12)
#endif
    mtctr 12
    .endm

FUNCTION(enter)
    into
    bctrl
back:
    see
    address 12, saved
    each LOAD, 0, 1, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    mtlr 0
    blr

FUNCTION(leap)
    into
    bctr

    .balign 16
pads:
    .rept 128 * 4
    bl landed
    .endr
landed:
    mflr 11
    addi 11, 11, -4
    address 12, landing
    STORE 11, 0(12)
    b back
    .section .note.GNU-stack
