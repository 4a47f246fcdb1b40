// Generated from headers/ctypes.h and headers/s390x.h. `cargo xtask bless` rewrites it.

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

#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct psw_t {
    pub mask: self::c_ulong,
    pub addr: self::c_ulong,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of psw_t"][::core::mem::size_of::<psw_t>() - 16usize];
    ["Alignment of psw_t"][::core::mem::align_of::<psw_t>() - 8usize];
    ["Offset of field: psw_t::mask"][::core::mem::offset_of!(psw_t, mask) - 0usize];
    ["Offset of field: psw_t::addr"][::core::mem::offset_of!(psw_t, addr) - 8usize];
};
/** The struct that `ctx` points to: `struct pt_regs` of `arch/s390/include/asm/ptrace.h` up to `int_code`.
 The UAPI's `user_pt_regs` ends after `gprs`.*/
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub args: [self::c_ulong; 1usize],
    pub psw: psw_t,
    pub gprs: [self::c_ulong; 16usize],
    pub orig_gpr2: self::c_ulong,
    pub int_code: self::c_uint,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 168usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 8usize];
    ["Offset of field: pt_regs::args"][::core::mem::offset_of!(pt_regs, args) - 0usize];
    ["Offset of field: pt_regs::psw"][::core::mem::offset_of!(pt_regs, psw) - 8usize];
    ["Offset of field: pt_regs::gprs"][::core::mem::offset_of!(pt_regs, gprs) - 24usize];
    [
        "Offset of field: pt_regs::orig_gpr2",
    ][::core::mem::offset_of!(pt_regs, orig_gpr2) - 152usize];
    [
        "Offset of field: pt_regs::int_code",
    ][::core::mem::offset_of!(pt_regs, int_code) - 160usize];
};
