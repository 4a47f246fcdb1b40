// Generated from headers/ctypes.h and headers/riscv32.h. `cargo xtask bless` rewrites it.

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
    pub pc: self::c_uint,
    pub ra: self::c_uint,
    pub sp: self::c_uint,
    pub gp: self::c_uint,
    pub tp: self::c_uint,
    pub t0: self::c_uint,
    pub t1: self::c_uint,
    pub t2: self::c_uint,
    pub s0: self::c_uint,
    pub s1: self::c_uint,
    pub a0: self::c_uint,
    pub a1: self::c_uint,
    pub a2: self::c_uint,
    pub a3: self::c_uint,
    pub a4: self::c_uint,
    pub a5: self::c_uint,
    pub a6: self::c_uint,
    pub a7: self::c_uint,
    pub s2: self::c_uint,
    pub s3: self::c_uint,
    pub s4: self::c_uint,
    pub s5: self::c_uint,
    pub s6: self::c_uint,
    pub s7: self::c_uint,
    pub s8: self::c_uint,
    pub s9: self::c_uint,
    pub s10: self::c_uint,
    pub s11: self::c_uint,
    pub t3: self::c_uint,
    pub t4: self::c_uint,
    pub t5: self::c_uint,
    pub t6: self::c_uint,
    pub status: self::c_uint,
    pub badaddr: self::c_uint,
    pub cause: self::c_uint,
    pub orig_a0: self::c_uint,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 144usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 4usize];
    ["Offset of field: pt_regs::pc"][::core::mem::offset_of!(pt_regs, pc) - 0usize];
    ["Offset of field: pt_regs::ra"][::core::mem::offset_of!(pt_regs, ra) - 4usize];
    ["Offset of field: pt_regs::sp"][::core::mem::offset_of!(pt_regs, sp) - 8usize];
    ["Offset of field: pt_regs::gp"][::core::mem::offset_of!(pt_regs, gp) - 12usize];
    ["Offset of field: pt_regs::tp"][::core::mem::offset_of!(pt_regs, tp) - 16usize];
    ["Offset of field: pt_regs::t0"][::core::mem::offset_of!(pt_regs, t0) - 20usize];
    ["Offset of field: pt_regs::t1"][::core::mem::offset_of!(pt_regs, t1) - 24usize];
    ["Offset of field: pt_regs::t2"][::core::mem::offset_of!(pt_regs, t2) - 28usize];
    ["Offset of field: pt_regs::s0"][::core::mem::offset_of!(pt_regs, s0) - 32usize];
    ["Offset of field: pt_regs::s1"][::core::mem::offset_of!(pt_regs, s1) - 36usize];
    ["Offset of field: pt_regs::a0"][::core::mem::offset_of!(pt_regs, a0) - 40usize];
    ["Offset of field: pt_regs::a1"][::core::mem::offset_of!(pt_regs, a1) - 44usize];
    ["Offset of field: pt_regs::a2"][::core::mem::offset_of!(pt_regs, a2) - 48usize];
    ["Offset of field: pt_regs::a3"][::core::mem::offset_of!(pt_regs, a3) - 52usize];
    ["Offset of field: pt_regs::a4"][::core::mem::offset_of!(pt_regs, a4) - 56usize];
    ["Offset of field: pt_regs::a5"][::core::mem::offset_of!(pt_regs, a5) - 60usize];
    ["Offset of field: pt_regs::a6"][::core::mem::offset_of!(pt_regs, a6) - 64usize];
    ["Offset of field: pt_regs::a7"][::core::mem::offset_of!(pt_regs, a7) - 68usize];
    ["Offset of field: pt_regs::s2"][::core::mem::offset_of!(pt_regs, s2) - 72usize];
    ["Offset of field: pt_regs::s3"][::core::mem::offset_of!(pt_regs, s3) - 76usize];
    ["Offset of field: pt_regs::s4"][::core::mem::offset_of!(pt_regs, s4) - 80usize];
    ["Offset of field: pt_regs::s5"][::core::mem::offset_of!(pt_regs, s5) - 84usize];
    ["Offset of field: pt_regs::s6"][::core::mem::offset_of!(pt_regs, s6) - 88usize];
    ["Offset of field: pt_regs::s7"][::core::mem::offset_of!(pt_regs, s7) - 92usize];
    ["Offset of field: pt_regs::s8"][::core::mem::offset_of!(pt_regs, s8) - 96usize];
    ["Offset of field: pt_regs::s9"][::core::mem::offset_of!(pt_regs, s9) - 100usize];
    ["Offset of field: pt_regs::s10"][::core::mem::offset_of!(pt_regs, s10) - 104usize];
    ["Offset of field: pt_regs::s11"][::core::mem::offset_of!(pt_regs, s11) - 108usize];
    ["Offset of field: pt_regs::t3"][::core::mem::offset_of!(pt_regs, t3) - 112usize];
    ["Offset of field: pt_regs::t4"][::core::mem::offset_of!(pt_regs, t4) - 116usize];
    ["Offset of field: pt_regs::t5"][::core::mem::offset_of!(pt_regs, t5) - 120usize];
    ["Offset of field: pt_regs::t6"][::core::mem::offset_of!(pt_regs, t6) - 124usize];
    [
        "Offset of field: pt_regs::status",
    ][::core::mem::offset_of!(pt_regs, status) - 128usize];
    [
        "Offset of field: pt_regs::badaddr",
    ][::core::mem::offset_of!(pt_regs, badaddr) - 132usize];
    [
        "Offset of field: pt_regs::cause",
    ][::core::mem::offset_of!(pt_regs, cause) - 136usize];
    [
        "Offset of field: pt_regs::orig_a0",
    ][::core::mem::offset_of!(pt_regs, orig_a0) - 140usize];
};
