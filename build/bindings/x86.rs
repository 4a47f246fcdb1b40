// Generated from headers/ctypes.h and headers/x86.h. `cargo xtask bless` rewrites it.

/// 8 bits, signed.
pub type c_char = i8;
/// 8 bits, signed.
pub type c_schar = i8;
/// 8 bits, unsigned.
pub type c_uchar = u8;
/// 16 bits, signed.
pub type c_short = i16;
/// 16 bits, unsigned.
pub type c_ushort = u16;
/// 32 bits, signed.
pub type c_int = i32;
/// 32 bits, unsigned.
pub type c_uint = u32;
/// 32 bits, signed.
pub type c_long = i32;
/// 32 bits, unsigned.
pub type c_ulong = u32;
/// 64 bits, signed.
pub type c_longlong = i64;
/// 64 bits, unsigned.
pub type c_ulonglong = u64;
/// 32 bits, unsigned.
pub type size_t = u32;
/// 32 bits, signed.
pub type ssize_t = i32;
/// 32 bits, signed.
pub type ptrdiff_t = i32;
/// 32 bits, signed.
pub type intptr_t = i32;
/// 32 bits, unsigned.
pub type uintptr_t = u32;
/// 64 bits, signed.
pub type intmax_t = i64;
/// 64 bits, unsigned.
pub type uintmax_t = u64;
/// 32 bits, signed.
pub type wchar_t = i32;
/// 8 bits, signed.
pub type int8_t = i8;
/// 8 bits, unsigned.
pub type uint8_t = u8;
/// 16 bits, signed.
pub type int16_t = i16;
/// 16 bits, unsigned.
pub type uint16_t = u16;
/// 32 bits, signed.
pub type int32_t = i32;
/// 32 bits, unsigned.
pub type uint32_t = u32;
/// 64 bits, signed.
pub type int64_t = i64;
/// 64 bits, unsigned.
pub type uint64_t = u64;
/// 8 bits, signed.
pub type __s8 = i8;
/// 8 bits, unsigned.
pub type __u8 = u8;
/// 16 bits, signed.
pub type __s16 = i16;
/// 16 bits, unsigned.
pub type __u16 = u16;
/// 32 bits, signed.
pub type __s32 = i32;
/// 32 bits, unsigned.
pub type __u32 = u32;
/// 64 bits, signed.
pub type __s64 = i64;
/// 64 bits, unsigned.
pub type __u64 = u64;

/** The struct that `ctx` points to: `struct pt_regs` of `arch/x86/include/asm/ptrace.h` for 32 bits, with
 the names of `uapi/asm/ptrace.h`. Segment slots are as wide as the others; only their low half means
 something. The kernel's slots are `long`, which has 8 bytes in C that is compiled for BPF.*/
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub ebx: self::c_uint,
    pub ecx: self::c_uint,
    pub edx: self::c_uint,
    pub esi: self::c_uint,
    pub edi: self::c_uint,
    pub ebp: self::c_uint,
    pub eax: self::c_uint,
    pub xds: self::c_uint,
    pub xes: self::c_uint,
    pub xfs: self::c_uint,
    pub xgs: self::c_uint,
    pub orig_eax: self::c_uint,
    pub eip: self::c_uint,
    pub xcs: self::c_uint,
    pub eflags: self::c_uint,
    pub esp: self::c_uint,
    pub xss: self::c_uint,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 68usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 4usize];
    ["Offset of field: pt_regs::ebx"][::core::mem::offset_of!(pt_regs, ebx) - 0usize];
    ["Offset of field: pt_regs::ecx"][::core::mem::offset_of!(pt_regs, ecx) - 4usize];
    ["Offset of field: pt_regs::edx"][::core::mem::offset_of!(pt_regs, edx) - 8usize];
    ["Offset of field: pt_regs::esi"][::core::mem::offset_of!(pt_regs, esi) - 12usize];
    ["Offset of field: pt_regs::edi"][::core::mem::offset_of!(pt_regs, edi) - 16usize];
    ["Offset of field: pt_regs::ebp"][::core::mem::offset_of!(pt_regs, ebp) - 20usize];
    ["Offset of field: pt_regs::eax"][::core::mem::offset_of!(pt_regs, eax) - 24usize];
    ["Offset of field: pt_regs::xds"][::core::mem::offset_of!(pt_regs, xds) - 28usize];
    ["Offset of field: pt_regs::xes"][::core::mem::offset_of!(pt_regs, xes) - 32usize];
    ["Offset of field: pt_regs::xfs"][::core::mem::offset_of!(pt_regs, xfs) - 36usize];
    ["Offset of field: pt_regs::xgs"][::core::mem::offset_of!(pt_regs, xgs) - 40usize];
    [
        "Offset of field: pt_regs::orig_eax",
    ][::core::mem::offset_of!(pt_regs, orig_eax) - 44usize];
    ["Offset of field: pt_regs::eip"][::core::mem::offset_of!(pt_regs, eip) - 48usize];
    ["Offset of field: pt_regs::xcs"][::core::mem::offset_of!(pt_regs, xcs) - 52usize];
    [
        "Offset of field: pt_regs::eflags",
    ][::core::mem::offset_of!(pt_regs, eflags) - 56usize];
    ["Offset of field: pt_regs::esp"][::core::mem::offset_of!(pt_regs, esp) - 60usize];
    ["Offset of field: pt_regs::xss"][::core::mem::offset_of!(pt_regs, xss) - 64usize];
};
