/*
 * Comes before the kernel's accessors. NUMBERS is filled in: a number for each four bytes.
 */
#include <linux/types.h>
#include <linux/stddef.h>
#include <linux/sched.h>

/* Two tasks: one of the kernel's width, and a narrow one, of 32 bits. The accessors ask for no other flag of them. */
static const struct thread_info thread;
static const struct task_struct a_task = { .stack = (void *)&thread };
static const struct task_struct narrow_task = { .stack = (void *)&thread };
static struct task_struct *const task = (struct task_struct *)&a_task;
static struct task_struct *const narrow = (struct task_struct *)&narrow_task;
#undef test_tsk_thread_flag
#define test_tsk_thread_flag(tsk, flag) ((tsk) == narrow)

/* A read of user memory becomes a load, and the test sees the load's address. */
#ifdef __mips__
#include <linux/uaccess.h>
#undef get_user
#define get_user(value, address) ((value) = *(address), 0)
#endif

#include <asm/ptrace.h>
#include <asm/syscall.h>
#if defined(__x86_64__) || defined(__s390__) || defined(__powerpc64__)
#include <linux/compat.h>
#include <asm/ftrace.h>
#endif

/* A read of kernel memory becomes a load too. */
#if defined(__x86_64__) || defined(__i386__)
long copy_from_kernel_nofault(void *to, const void *from, size_t size)
{
	__builtin_memcpy(to, from, sizeof(long));
	return 0;
}
#endif

/* Functions of arch/s390/kernel/ptrace.c, written by the header's description of them. */
#ifdef __s390__
#include <linux/version.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
unsigned long regs_get_register(struct pt_regs *regs, unsigned int n)
{
	return regs->gprs[n];
}
unsigned long regs_get_kernel_stack_nth(struct pt_regs *regs, unsigned int n)
{
	return ((unsigned long *)kernel_stack_pointer(regs))[n];
}
#endif
#endif

static const union {
	unsigned words[128];
	struct pt_regs regs;
} numbered = { .words = { NUMBERS } };

_Static_assert(sizeof(struct pt_regs) <= sizeof(numbered.words), "pt_regs is longer than the numbers");

static struct pt_regs *const regs = (struct pt_regs *)&numbered.regs;

#define END_OF(field) (offsetof(struct pt_regs, field) + sizeof(regs->field))

/* The same for registers that are changed first. */
#define CHANGED(change, value) ({ \
	struct pt_regs copy = numbered.regs; \
	struct pt_regs *regs = &copy; \
	change; \
	value; \
})

/* The registers of a syscall. On these machines a slot says that they are a syscall's. */
#if defined(__s390__)
#define OF_SYSCALL(value) CHANGED(regs->flags = 1 << PIF_SYSCALL, value)
#elif defined(__powerpc__)
#define OF_SYSCALL(value) CHANGED(regs->trap = 0xc00, value)
#elif defined(__sparc__)
#define OF_SYSCALL(value) CHANGED(regs->tstate = TSTATE_SYSCALL, value)
#else
#define OF_SYSCALL(value) (value)
#endif

/* The registers of a syscall that has failed. */
#if defined(__powerpc__)
#define OF_FAILURE(value) CHANGED(regs->ccr = 0x10000000, value)
#elif defined(__mips__)
#define OF_FAILURE(value) CHANGED(regs->cp0_status = KU_USER, value)
#endif

static inline unsigned long argument_of(struct task_struct *tsk, struct pt_regs *regs, int n)
{
	unsigned long args[6];

	syscall_get_arguments(tsk, regs, args);
	return args[n];
}
#define SYSCALL_ARGUMENT(n) argument_of(task, regs, n)

#if defined(__mips__)
/*
 * The number of o32's syscall(2) makes the kernel take the next argument for argument 0. So the slot that has this
 * effect is the slot of the number.
 */
static inline unsigned long slot_of_syscall(void)
{
	enum { SLOTS = sizeof(struct pt_regs) / sizeof(long) };
	unsigned long found = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < SLOTS; i++) {
		struct pt_regs copy = numbered.regs;

		((unsigned long *)&copy)[i] = __NR_syscall;
		if (argument_of(narrow, &copy, 0) == argument_of(narrow, regs, 1))
			found += ((unsigned long *)&numbered.regs)[i];
	}
	return found;
}
#define SLOT_OF_SYSCALL slot_of_syscall()
#endif

#if defined(__mips__) || defined(__loongarch__)
/* The number in the name that assembly language has for a register: `$4`, or `$r4`. */
#define __ASSEMBLY__
#undef _ASM_REGDEF_H
#include <asm/regdef.h>
static inline int number(const char *name)
{
	int n = 0;

	for (; *name; name++)
		if (*name >= '0' && *name <= '9')
			n = 10 * n + *name - '0';
	return n;
}
#define QUOTED(name) #name
#define REGISTER(name) (regs->regs[number(EXPANDED(name))])
#define EXPANDED(name) QUOTED(name)
#endif

