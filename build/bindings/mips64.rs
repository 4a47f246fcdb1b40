// Generated from headers/ctypes.h and headers/mips64.h. `cargo xtask bless` rewrites it.

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

/** The struct that `ctx` points to: `struct pt_regs` of `arch/mips/include/asm/ptrace.h` for n64. The
 UAPI's struct of this name has another order after `regs`: `ctx` does not hold that struct.*/
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub regs: [self::c_ulong; 32usize],
    pub cp0_status: self::c_ulong,
    pub hi: self::c_ulong,
    pub lo: self::c_ulong,
    pub cp0_badvaddr: self::c_ulong,
    pub cp0_cause: self::c_ulong,
    pub cp0_epc: self::c_ulong,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 304usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 8usize];
    ["Offset of field: pt_regs::regs"][::core::mem::offset_of!(pt_regs, regs) - 0usize];
    [
        "Offset of field: pt_regs::cp0_status",
    ][::core::mem::offset_of!(pt_regs, cp0_status) - 256usize];
    ["Offset of field: pt_regs::hi"][::core::mem::offset_of!(pt_regs, hi) - 264usize];
    ["Offset of field: pt_regs::lo"][::core::mem::offset_of!(pt_regs, lo) - 272usize];
    [
        "Offset of field: pt_regs::cp0_badvaddr",
    ][::core::mem::offset_of!(pt_regs, cp0_badvaddr) - 280usize];
    [
        "Offset of field: pt_regs::cp0_cause",
    ][::core::mem::offset_of!(pt_regs, cp0_cause) - 288usize];
    [
        "Offset of field: pt_regs::cp0_epc",
    ][::core::mem::offset_of!(pt_regs, cp0_epc) - 296usize];
};
