// Generated from headers/ctypes.h and headers/sparc64.h. `cargo xtask bless` rewrites it.

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
/// 64 bits, signed.
pub type c_long = i64;
/// 64 bits, unsigned.
pub type c_ulong = u64;
/// 64 bits, signed.
pub type c_longlong = i64;
/// 64 bits, unsigned.
pub type c_ulonglong = u64;
/// 64 bits, unsigned.
pub type size_t = u64;
/// 64 bits, signed.
pub type ssize_t = i64;
/// 64 bits, signed.
pub type ptrdiff_t = i64;
/// 64 bits, signed.
pub type intptr_t = i64;
/// 64 bits, unsigned.
pub type uintptr_t = u64;
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

/// The struct that `ctx` points to: `struct pt_regs` of `arch/sparc/include/uapi/asm/ptrace.h` for 64 bits.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub u_regs: [self::c_ulong; 16usize],
    pub tstate: self::c_ulong,
    pub tpc: self::c_ulong,
    pub tnpc: self::c_ulong,
    pub y: self::c_uint,
    pub magic: self::c_uint,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 160usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 8usize];
    [
        "Offset of field: pt_regs::u_regs",
    ][::core::mem::offset_of!(pt_regs, u_regs) - 0usize];
    [
        "Offset of field: pt_regs::tstate",
    ][::core::mem::offset_of!(pt_regs, tstate) - 128usize];
    ["Offset of field: pt_regs::tpc"][::core::mem::offset_of!(pt_regs, tpc) - 136usize];
    [
        "Offset of field: pt_regs::tnpc",
    ][::core::mem::offset_of!(pt_regs, tnpc) - 144usize];
    ["Offset of field: pt_regs::y"][::core::mem::offset_of!(pt_regs, y) - 152usize];
    [
        "Offset of field: pt_regs::magic",
    ][::core::mem::offset_of!(pt_regs, magic) - 156usize];
};
