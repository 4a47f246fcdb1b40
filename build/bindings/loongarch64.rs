// Generated from headers/ctypes.h and headers/loongarch64.h. `cargo xtask bless` rewrites it.

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

/** The struct that `ctx` points to: `struct pt_regs` of `arch/loongarch/include/asm/ptrace.h`. The UAPI's
 `user_pt_regs` ends in ten reserved slots. `ctx` holds five of them, and the verifier refuses the
 others.*/
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub regs: [self::c_ulong; 32usize],
    pub orig_a0: self::c_ulong,
    pub csr_era: self::c_ulong,
    pub csr_badv: self::c_ulong,
    pub csr_crmd: self::c_ulong,
    pub csr_prmd: self::c_ulong,
    pub csr_euen: self::c_ulong,
    pub csr_ecfg: self::c_ulong,
    pub csr_estat: self::c_ulong,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 320usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 8usize];
    ["Offset of field: pt_regs::regs"][::core::mem::offset_of!(pt_regs, regs) - 0usize];
    [
        "Offset of field: pt_regs::orig_a0",
    ][::core::mem::offset_of!(pt_regs, orig_a0) - 256usize];
    [
        "Offset of field: pt_regs::csr_era",
    ][::core::mem::offset_of!(pt_regs, csr_era) - 264usize];
    [
        "Offset of field: pt_regs::csr_badv",
    ][::core::mem::offset_of!(pt_regs, csr_badv) - 272usize];
    [
        "Offset of field: pt_regs::csr_crmd",
    ][::core::mem::offset_of!(pt_regs, csr_crmd) - 280usize];
    [
        "Offset of field: pt_regs::csr_prmd",
    ][::core::mem::offset_of!(pt_regs, csr_prmd) - 288usize];
    [
        "Offset of field: pt_regs::csr_euen",
    ][::core::mem::offset_of!(pt_regs, csr_euen) - 296usize];
    [
        "Offset of field: pt_regs::csr_ecfg",
    ][::core::mem::offset_of!(pt_regs, csr_ecfg) - 304usize];
    [
        "Offset of field: pt_regs::csr_estat",
    ][::core::mem::offset_of!(pt_regs, csr_estat) - 312usize];
};
