//! What the probe and its loader say to each other: `no_std`, because one of them is a probe.

#![no_std]

/// How many arguments of a call are followed, however many of them this machine has registers for.
pub const ARGUMENTS: usize = 10;

/// How much of a string is copied, with its terminating zero.
pub const TEXT: usize = 128;

/// What the loader wants to know of a function: it travels to the probe as the BPF cookie of the
/// attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Which of the loader's functions it is.
    pub function: u32,
    /// How many arguments it has.
    pub arguments: u8,
    /// Bit N is set where argument N is a string.
    pub string_arguments: u16,
    /// Whether it returns a string.
    pub returns_string: bool,
}

impl Request {
    pub const fn to_cookie(self) -> u64 {
        self.function as u64
            | (self.arguments as u64) << 32
            | (self.string_arguments as u64) << 40
            | (self.returns_string as u64) << 56
    }

    #[inline(always)]
    pub const fn from_cookie(cookie: u64) -> Self {
        Self {
            function: cookie as u32,
            arguments: (cookie >> 32) as u8,
            string_arguments: (cookie >> 40) as u16,
            returns_string: (cookie >> 56) & 1 == 1,
        }
    }
}

/// A call or a return, as it lies in the ring buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// [`Request::function`].
    pub function: u32,
    /// 0: the function was called, and `values` are its arguments. 1: it returned `values[0]`.
    pub returned: u32,
    /// The thread, as `bpf_get_current_pid_tgid` tells it.
    pub thread: u64,
    /// The first ones, as many as the [`Request`] asked for; the others hold anything.
    pub values: [Value; ARGUMENTS],
}

/// An argument or a return value.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// The whole register or stack slot.
    pub bits: u64,
    /// How reading went: a negative error number, or the length of `text` with its zero.
    pub read: i64,
    /// Where it was asked for, the string that `bits` points to.
    pub text: [u8; TEXT],
}
