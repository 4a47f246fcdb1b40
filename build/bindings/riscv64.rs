// Generated from headers/ctypes.h and headers/riscv64.h. `cargo xtask bless` rewrites it.

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

/** The struct that `ctx` points to: `struct pt_regs` of `arch/riscv/include/asm/ptrace.h`. Its first 32
 slots are the UAPI's `user_regs_struct`. The program counter has its UAPI name here (the kernel's
 name is `epc`).*/
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub pc: self::c_ulong,
    pub ra: self::c_ulong,
    pub sp: self::c_ulong,
    pub gp: self::c_ulong,
    pub tp: self::c_ulong,
    pub t0: self::c_ulong,
    pub t1: self::c_ulong,
    pub t2: self::c_ulong,
    pub s0: self::c_ulong,
    pub s1: self::c_ulong,
    pub a0: self::c_ulong,
    pub a1: self::c_ulong,
    pub a2: self::c_ulong,
    pub a3: self::c_ulong,
    pub a4: self::c_ulong,
    pub a5: self::c_ulong,
    pub a6: self::c_ulong,
    pub a7: self::c_ulong,
    pub s2: self::c_ulong,
    pub s3: self::c_ulong,
    pub s4: self::c_ulong,
    pub s5: self::c_ulong,
    pub s6: self::c_ulong,
    pub s7: self::c_ulong,
    pub s8: self::c_ulong,
    pub s9: self::c_ulong,
    pub s10: self::c_ulong,
    pub s11: self::c_ulong,
    pub t3: self::c_ulong,
    pub t4: self::c_ulong,
    pub t5: self::c_ulong,
    pub t6: self::c_ulong,
    pub status: self::c_ulong,
    pub badaddr: self::c_ulong,
    pub cause: self::c_ulong,
    pub orig_a0: self::c_ulong,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 288usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 8usize];
    ["Offset of field: pt_regs::pc"][::core::mem::offset_of!(pt_regs, pc) - 0usize];
    ["Offset of field: pt_regs::ra"][::core::mem::offset_of!(pt_regs, ra) - 8usize];
    ["Offset of field: pt_regs::sp"][::core::mem::offset_of!(pt_regs, sp) - 16usize];
    ["Offset of field: pt_regs::gp"][::core::mem::offset_of!(pt_regs, gp) - 24usize];
    ["Offset of field: pt_regs::tp"][::core::mem::offset_of!(pt_regs, tp) - 32usize];
    ["Offset of field: pt_regs::t0"][::core::mem::offset_of!(pt_regs, t0) - 40usize];
    ["Offset of field: pt_regs::t1"][::core::mem::offset_of!(pt_regs, t1) - 48usize];
    ["Offset of field: pt_regs::t2"][::core::mem::offset_of!(pt_regs, t2) - 56usize];
    ["Offset of field: pt_regs::s0"][::core::mem::offset_of!(pt_regs, s0) - 64usize];
    ["Offset of field: pt_regs::s1"][::core::mem::offset_of!(pt_regs, s1) - 72usize];
    ["Offset of field: pt_regs::a0"][::core::mem::offset_of!(pt_regs, a0) - 80usize];
    ["Offset of field: pt_regs::a1"][::core::mem::offset_of!(pt_regs, a1) - 88usize];
    ["Offset of field: pt_regs::a2"][::core::mem::offset_of!(pt_regs, a2) - 96usize];
    ["Offset of field: pt_regs::a3"][::core::mem::offset_of!(pt_regs, a3) - 104usize];
    ["Offset of field: pt_regs::a4"][::core::mem::offset_of!(pt_regs, a4) - 112usize];
    ["Offset of field: pt_regs::a5"][::core::mem::offset_of!(pt_regs, a5) - 120usize];
    ["Offset of field: pt_regs::a6"][::core::mem::offset_of!(pt_regs, a6) - 128usize];
    ["Offset of field: pt_regs::a7"][::core::mem::offset_of!(pt_regs, a7) - 136usize];
    ["Offset of field: pt_regs::s2"][::core::mem::offset_of!(pt_regs, s2) - 144usize];
    ["Offset of field: pt_regs::s3"][::core::mem::offset_of!(pt_regs, s3) - 152usize];
    ["Offset of field: pt_regs::s4"][::core::mem::offset_of!(pt_regs, s4) - 160usize];
    ["Offset of field: pt_regs::s5"][::core::mem::offset_of!(pt_regs, s5) - 168usize];
    ["Offset of field: pt_regs::s6"][::core::mem::offset_of!(pt_regs, s6) - 176usize];
    ["Offset of field: pt_regs::s7"][::core::mem::offset_of!(pt_regs, s7) - 184usize];
    ["Offset of field: pt_regs::s8"][::core::mem::offset_of!(pt_regs, s8) - 192usize];
    ["Offset of field: pt_regs::s9"][::core::mem::offset_of!(pt_regs, s9) - 200usize];
    ["Offset of field: pt_regs::s10"][::core::mem::offset_of!(pt_regs, s10) - 208usize];
    ["Offset of field: pt_regs::s11"][::core::mem::offset_of!(pt_regs, s11) - 216usize];
    ["Offset of field: pt_regs::t3"][::core::mem::offset_of!(pt_regs, t3) - 224usize];
    ["Offset of field: pt_regs::t4"][::core::mem::offset_of!(pt_regs, t4) - 232usize];
    ["Offset of field: pt_regs::t5"][::core::mem::offset_of!(pt_regs, t5) - 240usize];
    ["Offset of field: pt_regs::t6"][::core::mem::offset_of!(pt_regs, t6) - 248usize];
    [
        "Offset of field: pt_regs::status",
    ][::core::mem::offset_of!(pt_regs, status) - 256usize];
    [
        "Offset of field: pt_regs::badaddr",
    ][::core::mem::offset_of!(pt_regs, badaddr) - 264usize];
    [
        "Offset of field: pt_regs::cause",
    ][::core::mem::offset_of!(pt_regs, cause) - 272usize];
    [
        "Offset of field: pt_regs::orig_a0",
    ][::core::mem::offset_of!(pt_regs, orig_a0) - 280usize];
};
