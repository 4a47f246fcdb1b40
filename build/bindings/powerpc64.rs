// Generated from headers/ctypes.h and headers/powerpc64.h. `cargo xtask bless` rewrites it.

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

/** The struct that `ctx` points to: `struct pt_regs` of `arch/powerpc/include/asm/ptrace.h`. Its first 44
 slots are the UAPI's; the slots after them depend on the kernel's configuration.*/
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub gpr: [self::c_ulong; 32usize],
    pub nip: self::c_ulong,
    pub msr: self::c_ulong,
    pub orig_gpr3: self::c_ulong,
    pub ctr: self::c_ulong,
    pub link: self::c_ulong,
    pub xer: self::c_ulong,
    pub ccr: self::c_ulong,
    pub softe: self::c_ulong,
    pub trap: self::c_ulong,
    pub dar: self::c_ulong,
    pub dsisr: self::c_ulong,
    pub result: self::c_ulong,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 352usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 8usize];
    ["Offset of field: pt_regs::gpr"][::core::mem::offset_of!(pt_regs, gpr) - 0usize];
    ["Offset of field: pt_regs::nip"][::core::mem::offset_of!(pt_regs, nip) - 256usize];
    ["Offset of field: pt_regs::msr"][::core::mem::offset_of!(pt_regs, msr) - 264usize];
    [
        "Offset of field: pt_regs::orig_gpr3",
    ][::core::mem::offset_of!(pt_regs, orig_gpr3) - 272usize];
    ["Offset of field: pt_regs::ctr"][::core::mem::offset_of!(pt_regs, ctr) - 280usize];
    [
        "Offset of field: pt_regs::link",
    ][::core::mem::offset_of!(pt_regs, link) - 288usize];
    ["Offset of field: pt_regs::xer"][::core::mem::offset_of!(pt_regs, xer) - 296usize];
    ["Offset of field: pt_regs::ccr"][::core::mem::offset_of!(pt_regs, ccr) - 304usize];
    [
        "Offset of field: pt_regs::softe",
    ][::core::mem::offset_of!(pt_regs, softe) - 312usize];
    [
        "Offset of field: pt_regs::trap",
    ][::core::mem::offset_of!(pt_regs, trap) - 320usize];
    ["Offset of field: pt_regs::dar"][::core::mem::offset_of!(pt_regs, dar) - 328usize];
    [
        "Offset of field: pt_regs::dsisr",
    ][::core::mem::offset_of!(pt_regs, dsisr) - 336usize];
    [
        "Offset of field: pt_regs::result",
    ][::core::mem::offset_of!(pt_regs, result) - 344usize];
};
