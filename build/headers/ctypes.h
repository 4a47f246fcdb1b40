/*
 * Asks clang for the C types of the traced machine.
 *
 * The name of each enumerator is the name of a Rust alias. Its value is the
 * width of the C type in bits, and is negative if the type is signed: the Rust
 * integer follows from it. clang returns a typedef only as a name, but returns
 * an enumerator evaluated for the given triple.
 *
 * Names that C itself does not define come from macros that every compiler
 * predefines for <stddef.h> and <stdint.h>. The headers on this computer are
 * not the traced machine's.
 */

#define TYPE(name, type) \
	name = ((type)-1 < (type)1 ? -1 : 1) * 8 * (int)sizeof(type)

enum ctypes {
	TYPE(c_char, char),
	TYPE(c_schar, signed char),
	TYPE(c_uchar, unsigned char),
	TYPE(c_short, short),
	TYPE(c_ushort, unsigned short),
	TYPE(c_int, int),
	TYPE(c_uint, unsigned int),
	TYPE(c_long, long),
	TYPE(c_ulong, unsigned long),
	TYPE(c_longlong, long long),
	TYPE(c_ulonglong, unsigned long long),

	TYPE(size_t, __SIZE_TYPE__),
	/* From POSIX, so there is no compiler macro: posix_types.h, __kernel_ssize_t, as wide as long */
	TYPE(ssize_t, long),
	TYPE(ptrdiff_t, __PTRDIFF_TYPE__),
	TYPE(intptr_t, __INTPTR_TYPE__),
	TYPE(uintptr_t, __UINTPTR_TYPE__),
	TYPE(intmax_t, __INTMAX_TYPE__),
	TYPE(uintmax_t, __UINTMAX_TYPE__),
	TYPE(wchar_t, __WCHAR_TYPE__),

	TYPE(int8_t, __INT8_TYPE__),
	TYPE(uint8_t, __UINT8_TYPE__),
	TYPE(int16_t, __INT16_TYPE__),
	TYPE(uint16_t, __UINT16_TYPE__),
	TYPE(int32_t, __INT32_TYPE__),
	TYPE(uint32_t, __UINT32_TYPE__),
	TYPE(int64_t, __INT64_TYPE__),
	TYPE(uint64_t, __UINT64_TYPE__),

	/*
	 * The kernel's own types: asm-generic/int-ll64.h. On mips64 and powerpc64 it
	 * is int-l64.h, whose 64-bit types are long, which has the same width there.
	 */
	TYPE(__s8, signed char),
	TYPE(__u8, unsigned char),
	TYPE(__s16, short),
	TYPE(__u16, unsigned short),
	TYPE(__s32, int),
	TYPE(__u32, unsigned int),
	TYPE(__s64, long long),
	TYPE(__u64, unsigned long long),
};
