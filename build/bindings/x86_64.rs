// Generated from headers/ctypes.h and headers/x86_64.h. `cargo xtask bless` rewrites it.

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

/** The struct that `ctx` points to: `struct pt_regs` of `arch/x86/include/asm/ptrace.h`, with the names of
 `uapi/asm/ptrace.h`.*/
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct pt_regs {
    pub r15: self::c_ulong,
    pub r14: self::c_ulong,
    pub r13: self::c_ulong,
    pub r12: self::c_ulong,
    pub rbp: self::c_ulong,
    pub rbx: self::c_ulong,
    pub r11: self::c_ulong,
    pub r10: self::c_ulong,
    pub r9: self::c_ulong,
    pub r8: self::c_ulong,
    pub rax: self::c_ulong,
    pub rcx: self::c_ulong,
    pub rdx: self::c_ulong,
    pub rsi: self::c_ulong,
    pub rdi: self::c_ulong,
    pub orig_rax: self::c_ulong,
    pub rip: self::c_ulong,
    pub cs: self::c_ulong,
    pub eflags: self::c_ulong,
    pub rsp: self::c_ulong,
    pub ss: self::c_ulong,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pt_regs"][::core::mem::size_of::<pt_regs>() - 168usize];
    ["Alignment of pt_regs"][::core::mem::align_of::<pt_regs>() - 8usize];
    ["Offset of field: pt_regs::r15"][::core::mem::offset_of!(pt_regs, r15) - 0usize];
    ["Offset of field: pt_regs::r14"][::core::mem::offset_of!(pt_regs, r14) - 8usize];
    ["Offset of field: pt_regs::r13"][::core::mem::offset_of!(pt_regs, r13) - 16usize];
    ["Offset of field: pt_regs::r12"][::core::mem::offset_of!(pt_regs, r12) - 24usize];
    ["Offset of field: pt_regs::rbp"][::core::mem::offset_of!(pt_regs, rbp) - 32usize];
    ["Offset of field: pt_regs::rbx"][::core::mem::offset_of!(pt_regs, rbx) - 40usize];
    ["Offset of field: pt_regs::r11"][::core::mem::offset_of!(pt_regs, r11) - 48usize];
    ["Offset of field: pt_regs::r10"][::core::mem::offset_of!(pt_regs, r10) - 56usize];
    ["Offset of field: pt_regs::r9"][::core::mem::offset_of!(pt_regs, r9) - 64usize];
    ["Offset of field: pt_regs::r8"][::core::mem::offset_of!(pt_regs, r8) - 72usize];
    ["Offset of field: pt_regs::rax"][::core::mem::offset_of!(pt_regs, rax) - 80usize];
    ["Offset of field: pt_regs::rcx"][::core::mem::offset_of!(pt_regs, rcx) - 88usize];
    ["Offset of field: pt_regs::rdx"][::core::mem::offset_of!(pt_regs, rdx) - 96usize];
    ["Offset of field: pt_regs::rsi"][::core::mem::offset_of!(pt_regs, rsi) - 104usize];
    ["Offset of field: pt_regs::rdi"][::core::mem::offset_of!(pt_regs, rdi) - 112usize];
    [
        "Offset of field: pt_regs::orig_rax",
    ][::core::mem::offset_of!(pt_regs, orig_rax) - 120usize];
    ["Offset of field: pt_regs::rip"][::core::mem::offset_of!(pt_regs, rip) - 128usize];
    ["Offset of field: pt_regs::cs"][::core::mem::offset_of!(pt_regs, cs) - 136usize];
    [
        "Offset of field: pt_regs::eflags",
    ][::core::mem::offset_of!(pt_regs, eflags) - 144usize];
    ["Offset of field: pt_regs::rsp"][::core::mem::offset_of!(pt_regs, rsp) - 152usize];
    ["Offset of field: pt_regs::ss"][::core::mem::offset_of!(pt_regs, ss) - 160usize];
};
