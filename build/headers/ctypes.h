/*
 * The C types of the traced machine, asked of clang.
 *
 * Each enumerator is the name of a Rust alias. Its value is the width of the C
 * type in bits, negative where the type is signed: all that a Rust integer has
 * to know. A typedef would only come back as a name; an enumerator comes back
 * evaluated for the triple that clang was given.
 *
 * Names that C itself does not define come from the macros that every compiler
 * predefines for <stddef.h> and <stdint.h> to be written with, because no
 * header of the machine that compiles is the traced machine's.
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
	/* POSIX, so no compiler macro: posix_types.h, __kernel_ssize_t, as wide as long */
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
	 * The kernel's own: asm-generic/int-ll64.h, or int-l64.h on mips64 and
	 * powerpc64, where the 64-bit ones are long: the same width there.
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
