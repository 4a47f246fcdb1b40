//! The numbers that a guest calls with, and their values after C has cut them.

use super::{guests::Guest, slots::*};

/// An integer type of C's.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    Signed(u32),
    Unsigned(u32),
    Bool,
    /// `char`, whose sign depends on the machine.
    Char,
    /// A pointer, or `size_t`.
    Word,
}

use Type::{Bool, Char, Signed, Unsigned, Word};

/// The parameters of `mixed` in `init.c`.
pub const MIXED: [Type; ARGS] = [
    Signed(32),
    Signed(64),
    Word,
    Unsigned(16),
    Signed(8),
    Unsigned(64),
    Unsigned(32),
    Bool,
    Signed(32),
    Signed(64),
    Signed(16),
    Char,
];

/// `int __sys_sendto(int fd, void *buff, size_t len, unsigned int flags, struct sockaddr *addr, int addr_len)`, of
/// `net/socket.c`
pub const SENDTO: [Type; SYSCALL_ARGS] = [Signed(32), Word, Word, Unsigned(32), Word, Signed(32)];

/// `int vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t len)`, of `fs/open.c`, after the file, which
/// the guest does not know.
pub const FALLOCATE: [Type; FALLOCATE_ARGS] = [Signed(32), Signed(64), Signed(64)];

const FALLOCATE_ARGS: usize = 3;

impl Type {
    /// A number as a value of this C type, on a machine with registers of `word` bits, extended to 64 bits by its sign.
    pub fn cut(self, number: u64, word: u32, char_is_signed: bool) -> u64 {
        let (bits, signed) = match self {
            Bool => return u64::from(number != 0),
            Signed(bits) => (bits, true),
            Unsigned(bits) => (bits, false),
            Word => (word, false),
            Char => (8, char_is_signed),
        };
        let unused = 64 - bits;
        let number = number << unused;
        match signed {
            true => (number.cast_signed() >> unused).cast_unsigned(),
            false => number >> unused,
        }
    }
}

/// The numbers, which C cuts to the types of the parameters. No two numbers are the same, and neither are two halves of
/// a number. Each is negative in every type that has a sign.
#[derive(Debug)]
pub struct Values {
    pub args: [u64; ARGS],
    pub answer: u64,
    pub syscall_args: [u64; SYSCALL_ARGS],
    pub fallocate_args: [u64; FALLOCATE_ARGS],
}

impl Values {
    pub fn new(guest: &Guest) -> Self {
        let number = |n: usize| 0x9a2b_bc4d_de6f_f081 + n as u64 * 0x0101_0101_0101_0101;
        let word = |n: usize| number(n) & guest.word();
        // The second number must be an address that user code could have, for as many bytes as the third number says.
        // The kernel only takes 2 GiB of these.
        let [buffer, length] = match guest.bits {
            32 => [0x1b2c_3d4e, 0x00c0_ffee],
            _ => [0xa_1b2c_3d4e, number(21) >> 1],
        };
        Self {
            args: std::array::from_fn(number),
            answer: number(30),
            syscall_args: [word(20), buffer, length, word(22), word(23), word(24)],
            fallocate_args: [number(25), number(26), number(27)],
        }
    }

    /// The text that `init.c` reads: the number of words that a program reports, then the numbers.
    pub fn text(&self) -> String {
        let numbers = self
            .args
            .iter()
            .chain([&self.answer])
            .chain(&self.syscall_args)
            .chain(&self.fallocate_args);
        numbers.fold(format!("{SLOTS}\n"), |text, number| {
            text + &format!("{number:x}\n")
        })
    }
}
