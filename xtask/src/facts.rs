//! What the proofs expect of every machine, typed from the documents that src/arch cites and not from
//! what the crate makes of them.

use crate::select::{Endian, MACHINES, Machine};

/// A slot of ctx: the C expression for the field, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub field: &'static str,
    pub offset: usize,
    pub width: usize,
}

/// One machine's row. A slot is written `field@offset`.
#[derive(Debug)]
pub struct Facts {
    pub name: &'static str,
    /// Bytes of `unsigned long`, which all slots are but s390x's `int_code`.
    pub word: usize,
    arguments: &'static [&'static str],
    syscall_arguments: &'static [&'static str],
    syscall_number: &'static str,
    return_value: &'static str,
    return_address: Return,
    instruction_pointer: &'static str,
    stack_pointer: &'static str,
    frame_pointer: Option<&'static str>,
    /// From the stack pointer to the first argument that is not in a register: little-endian, big.
    first_on_stack: [u64; 2],
    /// The same in user code, where that passes no argument in a register.
    user_first_on_stack: Option<u64>,
}

/// Where the return address is.
#[derive(Debug, Clone, Copy)]
pub enum Return {
    /// In a slot, plus what the return skips.
    Register(&'static str, u64),
    /// On top of the stack.
    Stack,
}

/// What a read of one role gives: a slot, what is added to it, and what is masked from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub slot: Slot,
    pub plus: u64,
    pub mask: Option<u32>,
}

impl Facts {
    /// The row of a machine. One that has none is a machine that nothing is proved of.
    pub fn of(machine: &Machine) -> Result<&'static Facts, String> {
        Self::named(machine.name)
            .ok_or_else(|| format!("`{}` has no row in xtask/src/facts.rs", machine.name))
    }

    pub fn named(name: &str) -> Option<&'static Facts> {
        FACTS.iter().find(|facts| facts.name == name)
    }

    /// The rows of machines that the table does not have.
    pub fn without_machine() -> Vec<&'static str> {
        let names = FACTS.iter().map(|facts| facts.name);
        names
            .filter(|name| !MACHINES.iter().any(|machine| machine.name == *name))
            .collect()
    }

    fn slot(&self, text: &'static str) -> Slot {
        let (field, offset) = text.split_once('@').expect("a slot has an offset");
        let offset = offset.parse().expect("an offset is a number");
        let width = if field == "int_code" { 4 } else { self.word };
        Slot {
            field,
            offset,
            width,
        }
    }

    fn reading(&self, text: &'static str) -> Reading {
        Reading {
            slot: self.slot(text),
            plus: 0,
            mask: None,
        }
    }

    pub fn arguments(&self) -> Vec<Reading> {
        self.arguments
            .iter()
            .map(|text| self.reading(text))
            .collect()
    }

    pub fn syscall_arguments(&self) -> Vec<Reading> {
        let arguments = self.syscall_arguments.iter();
        arguments.map(|text| self.reading(text)).collect()
    }

    pub fn syscall_number(&self) -> Reading {
        let reading = self.reading(self.syscall_number);
        Reading {
            mask: (reading.slot.field == "int_code").then_some(0xffff),
            ..reading
        }
    }

    pub fn return_value(&self) -> Reading {
        self.reading(self.return_value)
    }

    pub fn return_address(&self) -> Reading {
        match self.return_address {
            Return::Register(text, plus) => Reading {
                plus,
                ..self.reading(text)
            },
            Return::Stack => self.stack_pointer(),
        }
    }

    pub fn returns_on_stack(&self) -> bool {
        matches!(self.return_address, Return::Stack)
    }

    pub fn instruction_pointer(&self) -> Reading {
        self.reading(self.instruction_pointer)
    }

    pub fn stack_pointer(&self) -> Reading {
        self.reading(self.stack_pointer)
    }

    pub fn frame_pointer(&self) -> Option<Reading> {
        self.frame_pointer.map(|text| self.reading(text))
    }

    /// The address of argument `index`, for one that is not in a register.
    pub fn stack_argument(&self, index: usize, endian: Endian) -> Option<Reading> {
        let beyond = index.checked_sub(self.arguments.len())?;
        let first = self.first_on_stack[usize::from(endian == Endian::Big)];
        Some(Reading {
            plus: first + (beyond * self.word) as u64,
            ..self.stack_pointer()
        })
    }

    /// The same for a function of user code: `None` where it is in a register.
    pub fn user_stack_argument(&self, index: usize, endian: Endian) -> Option<Reading> {
        match self.user_first_on_stack {
            Some(first) => Some(Reading {
                plus: first + (index * self.word) as u64,
                ..self.stack_pointer()
            }),
            None => self.stack_argument(index, endian),
        }
    }

    /// The arguments of a function of user code that are in registers.
    pub fn user_arguments(&self) -> Vec<Reading> {
        match self.user_first_on_stack {
            Some(_) => Vec::new(),
            None => self.arguments(),
        }
    }
}

const FACTS: &[Facts] = &[
    Facts {
        name: "x86_64",
        word: 8,
        arguments: &["rdi@112", "rsi@104", "rdx@96", "rcx@88", "r8@72", "r9@64"],
        syscall_arguments: &["rdi@112", "rsi@104", "rdx@96", "r10@56", "r8@72", "r9@64"],
        syscall_number: "orig_rax@120",
        return_value: "rax@80",
        return_address: Return::Stack,
        instruction_pointer: "rip@128",
        stack_pointer: "rsp@152",
        frame_pointer: Some("rbp@32"),
        first_on_stack: [8, 8],
        user_first_on_stack: None,
    },
    Facts {
        name: "x86",
        word: 4,
        arguments: &["eax@24", "edx@8", "ecx@4"],
        syscall_arguments: &["ebx@0", "ecx@4", "edx@8", "esi@12", "edi@16", "ebp@20"],
        syscall_number: "orig_eax@44",
        return_value: "eax@24",
        return_address: Return::Stack,
        instruction_pointer: "eip@48",
        stack_pointer: "esp@60",
        frame_pointer: Some("ebp@20"),
        first_on_stack: [4, 4],
        user_first_on_stack: Some(4),
    },
    Facts {
        name: "aarch64",
        word: 8,
        arguments: &[
            "regs[0]@0",
            "regs[1]@8",
            "regs[2]@16",
            "regs[3]@24",
            "regs[4]@32",
            "regs[5]@40",
            "regs[6]@48",
            "regs[7]@56",
        ],
        syscall_arguments: &[
            "orig_x0@272",
            "regs[1]@8",
            "regs[2]@16",
            "regs[3]@24",
            "regs[4]@32",
            "regs[5]@40",
        ],
        syscall_number: "regs[8]@64",
        return_value: "regs[0]@0",
        return_address: Return::Register("regs[30]@240", 0),
        instruction_pointer: "pc@256",
        stack_pointer: "sp@248",
        frame_pointer: Some("regs[29]@232"),
        first_on_stack: [0, 0],
        user_first_on_stack: None,
    },
    Facts {
        name: "arm",
        word: 4,
        arguments: &["uregs[0]@0", "uregs[1]@4", "uregs[2]@8", "uregs[3]@12"],
        syscall_arguments: &[
            "uregs[17]@68",
            "uregs[1]@4",
            "uregs[2]@8",
            "uregs[3]@12",
            "uregs[4]@16",
            "uregs[5]@20",
            "uregs[6]@24",
        ],
        syscall_number: "uregs[7]@28",
        return_value: "uregs[0]@0",
        return_address: Return::Register("uregs[14]@56", 0),
        instruction_pointer: "uregs[15]@60",
        stack_pointer: "uregs[13]@52",
        frame_pointer: Some("uregs[11]@44"),
        first_on_stack: [0, 0],
        user_first_on_stack: None,
    },
    Facts {
        name: "riscv64",
        word: 8,
        arguments: &[
            "a0@80", "a1@88", "a2@96", "a3@104", "a4@112", "a5@120", "a6@128", "a7@136",
        ],
        syscall_arguments: &[
            "orig_a0@280",
            "a1@88",
            "a2@96",
            "a3@104",
            "a4@112",
            "a5@120",
        ],
        syscall_number: "a7@136",
        return_value: "a0@80",
        return_address: Return::Register("ra@8", 0),
        instruction_pointer: "pc@0",
        stack_pointer: "sp@16",
        frame_pointer: Some("s0@64"),
        first_on_stack: [0, 0],
        user_first_on_stack: None,
    },
    Facts {
        name: "riscv32",
        word: 4,
        arguments: &[
            "a0@40", "a1@44", "a2@48", "a3@52", "a4@56", "a5@60", "a6@64", "a7@68",
        ],
        syscall_arguments: &["orig_a0@140", "a1@44", "a2@48", "a3@52", "a4@56", "a5@60"],
        syscall_number: "a7@68",
        return_value: "a0@40",
        return_address: Return::Register("ra@4", 0),
        instruction_pointer: "pc@0",
        stack_pointer: "sp@8",
        frame_pointer: Some("s0@32"),
        first_on_stack: [0, 0],
        user_first_on_stack: None,
    },
    Facts {
        name: "s390x",
        word: 8,
        arguments: &[
            "gprs[2]@40",
            "gprs[3]@48",
            "gprs[4]@56",
            "gprs[5]@64",
            "gprs[6]@72",
        ],
        syscall_arguments: &[
            "orig_gpr2@152",
            "gprs[3]@48",
            "gprs[4]@56",
            "gprs[5]@64",
            "gprs[6]@72",
            "gprs[7]@80",
        ],
        syscall_number: "int_code@160",
        return_value: "gprs[2]@40",
        return_address: Return::Register("gprs[14]@136", 0),
        instruction_pointer: "psw.addr@16",
        stack_pointer: "gprs[15]@144",
        frame_pointer: Some("gprs[11]@112"),
        first_on_stack: [160, 160],
        user_first_on_stack: None,
    },
    Facts {
        name: "powerpc64",
        word: 8,
        arguments: &[
            "gpr[3]@24",
            "gpr[4]@32",
            "gpr[5]@40",
            "gpr[6]@48",
            "gpr[7]@56",
            "gpr[8]@64",
            "gpr[9]@72",
            "gpr[10]@80",
        ],
        syscall_arguments: &[
            "orig_gpr3@272",
            "gpr[4]@32",
            "gpr[5]@40",
            "gpr[6]@48",
            "gpr[7]@56",
            "gpr[8]@64",
        ],
        syscall_number: "gpr[0]@0",
        return_value: "gpr[3]@24",
        return_address: Return::Register("link@288", 0),
        instruction_pointer: "nip@256",
        stack_pointer: "gpr[1]@8",
        frame_pointer: None,
        first_on_stack: [96, 112],
        user_first_on_stack: None,
    },
    Facts {
        name: "powerpc",
        word: 4,
        arguments: &[
            "gpr[3]@12",
            "gpr[4]@16",
            "gpr[5]@20",
            "gpr[6]@24",
            "gpr[7]@28",
            "gpr[8]@32",
            "gpr[9]@36",
            "gpr[10]@40",
        ],
        syscall_arguments: &[
            "orig_gpr3@136",
            "gpr[4]@16",
            "gpr[5]@20",
            "gpr[6]@24",
            "gpr[7]@28",
            "gpr[8]@32",
        ],
        syscall_number: "gpr[0]@0",
        return_value: "gpr[3]@12",
        return_address: Return::Register("link@144", 0),
        instruction_pointer: "nip@128",
        stack_pointer: "gpr[1]@4",
        frame_pointer: None,
        first_on_stack: [8, 8],
        user_first_on_stack: None,
    },
    Facts {
        name: "mips",
        word: 4,
        arguments: &["regs[4]@48", "regs[5]@52", "regs[6]@56", "regs[7]@60"],
        syscall_arguments: &[
            "regs[4]@48",
            "regs[5]@52",
            "regs[6]@56",
            "regs[7]@60",
            "args[4]@16",
            "args[5]@20",
            "args[6]@24",
            "args[7]@28",
        ],
        syscall_number: "regs[2]@40",
        return_value: "regs[2]@40",
        return_address: Return::Register("regs[31]@156", 0),
        instruction_pointer: "cp0_epc@180",
        stack_pointer: "regs[29]@148",
        frame_pointer: Some("regs[30]@152"),
        first_on_stack: [16, 16],
        user_first_on_stack: None,
    },
    Facts {
        name: "mips64",
        word: 8,
        arguments: &[
            "regs[4]@32",
            "regs[5]@40",
            "regs[6]@48",
            "regs[7]@56",
            "regs[8]@64",
            "regs[9]@72",
            "regs[10]@80",
            "regs[11]@88",
        ],
        syscall_arguments: &[
            "regs[4]@32",
            "regs[5]@40",
            "regs[6]@48",
            "regs[7]@56",
            "regs[8]@64",
            "regs[9]@72",
        ],
        syscall_number: "regs[2]@16",
        return_value: "regs[2]@16",
        return_address: Return::Register("regs[31]@248", 0),
        instruction_pointer: "cp0_epc@296",
        stack_pointer: "regs[29]@232",
        frame_pointer: Some("regs[30]@240"),
        first_on_stack: [0, 0],
        user_first_on_stack: None,
    },
    Facts {
        name: "loongarch64",
        word: 8,
        arguments: &[
            "regs[4]@32",
            "regs[5]@40",
            "regs[6]@48",
            "regs[7]@56",
            "regs[8]@64",
            "regs[9]@72",
            "regs[10]@80",
            "regs[11]@88",
        ],
        syscall_arguments: &[
            "orig_a0@256",
            "regs[5]@40",
            "regs[6]@48",
            "regs[7]@56",
            "regs[8]@64",
            "regs[9]@72",
        ],
        syscall_number: "regs[11]@88",
        return_value: "regs[4]@32",
        return_address: Return::Register("regs[1]@8", 0),
        instruction_pointer: "csr_era@264",
        stack_pointer: "regs[3]@24",
        frame_pointer: Some("regs[22]@176"),
        first_on_stack: [0, 0],
        user_first_on_stack: None,
    },
    Facts {
        name: "sparc64",
        word: 8,
        arguments: &[
            "u_regs[8]@64",
            "u_regs[9]@72",
            "u_regs[10]@80",
            "u_regs[11]@88",
            "u_regs[12]@96",
            "u_regs[13]@104",
        ],
        syscall_arguments: &[
            "u_regs[8]@64",
            "u_regs[9]@72",
            "u_regs[10]@80",
            "u_regs[11]@88",
            "u_regs[12]@96",
            "u_regs[13]@104",
        ],
        syscall_number: "u_regs[1]@8",
        return_value: "u_regs[8]@64",
        return_address: Return::Register("u_regs[15]@120", 8),
        instruction_pointer: "tpc@136",
        stack_pointer: "u_regs[14]@112",
        frame_pointer: None,
        first_on_stack: [2223, 2223],
        user_first_on_stack: None,
    },
];
