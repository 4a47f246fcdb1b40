//! The corpus on the host: the same text, reading a register file by the facts that are typed into the proofs, without
//! this crate.

use proofs::{facts::Reading, registers::Registers};

/// The value that a program of the corpus returns by the model; `None` on a machine without a model.
pub type Expected = fn(&Registers) -> u64;

macro_rules! by_name {
    ($($program:ident)*) => {
        pub fn expected(name: &str) -> Option<super::Expected> {
            Some(match name {
                $(stringify!($program) => |file| programs::$program(&machine::pt_regs(*file)),)*
                _ => return None,
            })
        }
    };
}

macro_rules! models {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        $(#[allow(clippy::unnecessary_cast, clippy::let_and_return, dead_code)]
        mod $module {
            mod machine {
                pub use probe_abi::{Argument, SyscallArgument};
                pub use probe_abi::arch::$module::{ARG_REGISTERS, ReturnAddress, c_ulong};
                use probe_abi::arch::$module::{self as machine, SYSCALL_ARG_REGISTERS};

                use super::super::Reading;

                #[allow(non_camel_case_types)]
                #[derive(Clone, Copy)]
                pub struct pt_regs(pub super::super::Registers);

                impl Default for pt_regs {
                    fn default() -> Self {
                        unreachable!("no program that has registers of its own runs on the host")
                    }
                }

                impl<const N: usize, const REGISTERS: usize> Argument<N, REGISTERS> for pt_regs where
                    machine::pt_regs: Argument<N, REGISTERS>
                {
                }

                impl<const N: usize, const REGISTERS: usize> SyscallArgument<N, REGISTERS> for pt_regs
                where
                    machine::pt_regs: SyscallArgument<N, REGISTERS>,
                {
                }

                impl pt_regs {
                    pub fn arg<const N: usize>(&self) -> c_ulong
                    where
                        Self: Argument<N, ARG_REGISTERS>,
                    {
                        self.0.get(self.0.facts.arguments[N]) as c_ulong
                    }

                    pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
                        let reading = *self.0.facts.arguments.get(index)?;
                        Some(self.0.get(reading) as c_ulong)
                    }

                    pub fn slot_at(&self, offset: u16) -> Option<c_ulong> {
                        let registers = machine::MACHINE.registers.iter();
                        let mut slots = registers.filter_map(|register| register.slot);
                        let field = slots.find(|slot| slot.offset == offset)?.field;
                        let mut slots = self.0.facts.slots.iter();
                        let slot = *slots.find(|slot| slot.field == field)?;
                        Some(self.0.get(Reading { slot, plus: 0, mask: None }) as c_ulong)
                    }

                    pub fn syscall_arg<const N: usize>(&self) -> c_ulong
                    where
                        Self: SyscallArgument<N, SYSCALL_ARG_REGISTERS>,
                    {
                        self.0.get(self.0.facts.syscall_arguments[N]) as c_ulong
                    }

                    pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
                        let reading = self.0.facts.stack_argument(index, self.0.endian)?;
                        Some(self.0.get(reading) as c_ulong)
                    }

                    pub fn syscall_number(&self) -> c_ulong {
                        self.0.get(self.0.facts.syscall_number) as c_ulong
                    }

                    pub fn return_value(&self) -> c_ulong {
                        self.0.get(self.0.facts.return_value) as c_ulong
                    }

                    pub fn instruction_pointer(&self) -> c_ulong {
                        self.0.get(self.0.facts.instruction_pointer) as c_ulong
                    }

                    pub fn stack_pointer(&self) -> c_ulong {
                        self.0.get(self.0.facts.stack_pointer) as c_ulong
                    }

                    pub fn frame_pointer(&self) -> Option<c_ulong> {
                        let reading = self.0.facts.frame_pointer?;
                        Some(self.0.get(reading) as c_ulong)
                    }

                    pub fn return_address(&self) -> ReturnAddress {
                        let value = self.0.get(self.0.facts.return_address) as c_ulong;
                        if self.0.facts.returns_on_stack {
                            ReturnAddress::Stack(value)
                        } else {
                            ReturnAddress::Register(value)
                        }
                    }
                }
            }

            mod helpers {
                use super::machine::c_ulong;

                pub fn pid_tgid() -> u64 {
                    unreachable!("{NOT_HERE}")
                }

                pub fn read_kernel<T>(_address: c_ulong) -> Option<T> {
                    unreachable!("{NOT_HERE}")
                }

                pub fn read_user_str(_buffer: &mut [u8], _address: c_ulong) -> i64 {
                    unreachable!("{NOT_HERE}")
                }

                const NOT_HERE: &str = "a program that calls a helper is not run";
            }

            mod programs {
                include!("../corpus/src/programs.rs");
            }

            programs::for_each!(by_name);
        })*

        /// The value that a program has to return on a machine.
        pub fn expected(machine: &str, program: &str) -> Option<Expected> {
            match machine {
                $($name => $module::expected(program),)*
                _ => None,
            }
        }
    };
}
include!("../../build/src/table.rs");
machines!(models);
