// Generated from headers/ctypes.h and headers/arm.h. `cargo xtask bless` rewrites it.

/// 8 bits, unsigned.
pub type c_char = u8;
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
/// 32 bits, unsigned.
pub type wchar_t = u32;
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

/** The struct that `ctx` points to: `struct pt_regs` of `arch/arm/include/uapi/asm/ptrace.h`: r0 to r15,
 cpsr, ORIG_r0. The kernel's slots are `long`, which has 8 bytes in C that is compiled for BPF.*/
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub uregs: [self::c_uint; 18usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 72usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 4usize];
    [
        "Offset of field: pt_regs::uregs",
    ][::core::mem::offset_of!(pt_regs, uregs) - 0usize];
};
