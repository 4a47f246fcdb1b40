//! The crate's promises that a kernel is asked about.

/// A column of KERNELS.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    Uprobe,
    Uretprobe,
    Kprobe,
    Kretprobe,
    Syscall,
    SysEnter,
    KprobeMulti,
    KretprobeMulti,
    Context,
    Symbols,
    TypedSyscalls,
    Tasks32,
    Corpus,
}

impl Promise {
    /// In the table's order.
    pub const ALL: &[Self] = &[
        Self::Uprobe,
        Self::Uretprobe,
        Self::Kprobe,
        Self::Kretprobe,
        Self::Syscall,
        Self::SysEnter,
        Self::KprobeMulti,
        Self::KretprobeMulti,
        Self::Context,
        Self::Symbols,
        Self::TypedSyscalls,
        Self::Tasks32,
        Self::Corpus,
    ];

    /// The name of the column, and of the first step that a guest does for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uprobe => "uprobe",
            Self::Uretprobe => "uretprobe",
            Self::Kprobe => "kprobe",
            Self::Kretprobe => "kretprobe",
            Self::Syscall => "syscall",
            Self::SysEnter => "sys_enter",
            Self::KprobeMulti => "kprobe.multi",
            Self::KretprobeMulti => "kretprobe.multi",
            Self::Context => "context",
            Self::Symbols => "symbols",
            Self::TypedSyscalls => "typed syscalls",
            Self::Tasks32 => "tasks of 32 bits",
            Self::Corpus => "corpus",
        }
    }
}

/// A kernel's answer about a promise.
#[derive(Debug)]
pub enum Outcome {
    Confirmed,
    /// The kernel is known not to have this feature.
    Absent,
    Contradicted(String),
}

impl Outcome {
    /// The text in the table's cell.
    pub fn sign(&self) -> &'static str {
        match self {
            Self::Confirmed => "✓",
            Self::Absent => "–",
            Self::Contradicted(_) => "✗",
        }
    }
}
