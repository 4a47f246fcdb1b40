//! Locations in DWARF that take one step: a variable in a register, at an address in a register plus an offset, or in
//! the function's frame.
//!
//! ```
//! use gimli::{EndianSlice, Expression, LittleEndian};
//! use probe_abi::{machine::Machine, operand::Class};
//! use probe_abi_usdt::dwarf::{Frame, operand};
//!
//! let x86_64 = Machine::named("x86_64").expect("it is one of the machines");
//! let encoding = gimli::Encoding { address_size: 8, format: gimli::Format::Dwarf32, version: 5 };
//! let expression = |bytes| Expression(EndianSlice::new(bytes, LittleEndian));
//!
//! // `int fd`, of which DWARF says DW_OP_breg7 8.
//! let fd = operand(expression(&[0x77, 8]), encoding, &Frame::default(), x86_64, 4, Class::Signed).unwrap();
//! assert_eq!(fd.text(x86_64).to_string(), "-4@8(%rsp)");
//!
//! // DW_OP_fbreg -20, in a function whose frame starts at DW_OP_breg6 16.
//! let frame = Frame { base: Some(expression(&[0x76, 16])), ..Frame::default() };
//! let local = operand(expression(&[0x91, 0x6c]), encoding, &frame, x86_64, 4, Class::Signed).unwrap();
//! assert_eq!(local.text(x86_64).to_string(), "-4@-4(%rbp)");
//! ```

use std::{error, fmt};

use gimli::{CfaRule, Encoding, Expression, Operation, Reader, ReaderOffset};
use probe_abi::{
    machine::Machine,
    operand::{Class, Operand},
    registers::{RegisterError, View},
};

/// DWARF's description of the frame of the function that a variable is in.
#[derive(Debug, Clone)]
pub struct Frame<R: Reader> {
    /// `DW_AT_frame_base` of the function.
    pub base: Option<Expression<R>>,
    /// The rule for the canonical frame address at the probe's instruction: the rule of that row in `.debug_frame` or
    /// `.eh_frame`. gimli's `unwind_info_for_address` finds it.
    pub cfa: Option<CfaRule<R::Offset>>,
}

impl<R: Reader> Default for Frame<R> {
    fn default() -> Self {
        Self {
            base: None,
            cfa: None,
        }
    }
}

/// A register and a number that is added to it.
type Address = (gimli::Register, i64);

/// The operand by which a probe reads a variable, at an instruction where DWARF gives it this location.
///
/// The variable's type in DWARF gives the size in bytes and the meaning of the bytes: `size` is 1, 2, 4 or 8. If the
/// variable has several locations (a location list), pass the one for the probe's instruction.
///
/// # Errors
///
/// The location takes more than one step, or is in a register that ctx does not have, or depends on a part of the frame
/// that is not given. [`Error`] says which.
pub fn operand<R: Reader>(
    location: Expression<R>,
    encoding: Encoding,
    frame: &Frame<R>,
    machine: &Machine,
    size: u8,
    class: Class,
) -> Result<Operand, Error> {
    if !matches!(size, 1 | 2 | 4 | 8) {
        return Err(Error::Size(size));
    }
    let memory = |(register, offset): Address| {
        let base = view(register, machine)?;
        Ok(Operand::memory(base, offset, size, class))
    };
    match steps(location, encoding)? {
        [Some(Operation::Register { register }), None] => {
            let view = view(register, machine)?;
            match view.width < size {
                true => Err(Error::Narrow(view.width)),
                false => Ok(Operand::register(view, size, class)),
            }
        }
        [Some(Operation::FrameOffset { offset }), None] => {
            let (register, base) = frame.start(encoding)?;
            memory((register, base.wrapping_add(offset)))
        }
        [Some(Operation::CallFrameCFA), None] => memory(frame.cfa()?),
        [
            Some(Operation::UnsignedConstant { value }),
            Some(Operation::StackValue),
        ] => Ok(Operand::constant(value as i64, size, class)),
        [
            Some(Operation::SignedConstant { value }),
            Some(Operation::StackValue),
        ] => Ok(Operand::constant(value, size, class)),
        [
            Some(Operation::EntryValue { .. }),
            Some(Operation::StackValue),
        ] => Err(Error::AtEntry),
        [Some(operation), None] => memory(address(&operation)?),
        [_, Some(Operation::Piece { .. })] => Err(Error::Pieces),
        [None, _] => Err(Error::Nowhere),
        [_, Some(_)] => Err(Error::Steps),
    }
}

impl<R: Reader> Frame<R> {
    /// The address that offsets in the frame are added to.
    fn start(&self, encoding: Encoding) -> Result<Address, Error> {
        let base = self.base.clone().ok_or(Error::NoFrameBase)?;
        match steps(base, encoding)? {
            [Some(Operation::Register { register }), None] => Ok((register, 0)),
            [Some(Operation::CallFrameCFA), None] => self.cfa(),
            [Some(operation), None] => address(&operation),
            _ => Err(Error::Steps),
        }
    }

    fn cfa(&self) -> Result<Address, Error> {
        match self.cfa {
            Some(CfaRule::RegisterAndOffset { register, offset }) => Ok((register, offset)),
            Some(CfaRule::Expression(_)) => Err(Error::Steps),
            None => Err(Error::NoCfa),
        }
    }
}

fn address<R: Reader>(operation: &Operation<R>) -> Result<Address, Error> {
    match *operation {
        // If the operation has a type, its value is not an address.
        Operation::RegisterOffset {
            register,
            offset,
            base_type: gimli::UnitOffset(base_type),
        } if base_type.into_u64() == 0 => Ok((register, offset)),
        Operation::Address { .. } | Operation::AddressIndex { .. } => Err(Error::Global),
        Operation::TLS => Err(Error::ThreadLocal),
        Operation::EntryValue { .. } => Err(Error::AtEntry),
        _ => Err(Error::Steps),
    }
}

/// The first two operations. A location of one step has one operation. Or it has two: the first gives a value, and the
/// second says that this value is the variable's.
fn steps<R: Reader>(
    expression: Expression<R>,
    encoding: Encoding,
) -> Result<[Option<Operation<R>>; 2], Error> {
    let mut operations = expression.operations(encoding);
    let steps = [operations.next()?, operations.next()?];
    // The pieces of a variable may be more than two operations.
    match (&steps, operations.next()?) {
        ([_, Some(Operation::Piece { .. })], _) | (_, None) => Ok(steps),
        (_, Some(Operation::Piece { .. })) => Err(Error::Pieces),
        _ => Err(Error::Steps),
    }
}

fn view(register: gimli::Register, machine: &Machine) -> Result<View, Error> {
    Ok(machine.dwarf_register(register.0)?)
}

/// Why a probe cannot read a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A variable of this many bytes cannot be read.
    Size(u8),
    /// The location is empty: the compiler has removed the variable there.
    Nowhere,
    /// The variable is in several places.
    Pieces,
    /// The location must be computed.
    Steps,
    /// It is an address that depends on where the file was loaded.
    Global,
    /// Each thread has its own variable.
    ThreadLocal,
    /// It is the value that a register had when the function was entered.
    AtEntry,
    /// DWARF has no frame base for the function.
    NoFrameBase,
    /// Another table, which was not given, has the place of the frame.
    NoCfa,
    /// The register has this many bytes, and the variable has more.
    Narrow(u8),
    /// There is no such register, or ctx does not have it.
    Register(RegisterError),
    /// It is not a valid location.
    Damaged(gimli::Error),
}

impl From<RegisterError> for Error {
    fn from(error: RegisterError) -> Self {
        Self::Register(error)
    }
}

impl From<gimli::Error> for Error {
    fn from(error: gimli::Error) -> Self {
        Self::Damaged(error)
    }
}

impl error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size(size) => {
                return write!(
                    f,
                    "a variable of `{size}` bytes cannot be read: accepted are 1, 2, 4 and 8"
                );
            }
            Self::Narrow(width) => {
                return write!(
                    f,
                    "the variable does not fit in its register, which has `{width}` bytes"
                );
            }
            Self::Register(error) => return error.fmt(f),
            Self::Damaged(error) => return write!(f, "the location is damaged: {error}"),
            Self::Nowhere => "the variable is nowhere at this instruction: the compiler has removed it",
            Self::Pieces => "the variable is in pieces, in several places",
            Self::Steps => {
                "the location has to be computed: accepted are a register, an address in a register plus an offset, an \
                 offset in the frame, and a constant"
            }
            Self::Global => "the variable is at an address that depends on where the file was loaded",
            Self::ThreadLocal => "each thread has a variable of its own, and a probe cannot find it",
            Self::AtEntry => "the variable is the value that a register had when the function was entered, which is not known here",
            Self::NoFrameBase => "the variable is in the frame, and nothing says where the frame is: the function has no `DW_AT_frame_base`",
            Self::NoCfa => {
                "the variable is in the frame, whose address the call frame information knows: give the rule for this \
                 instruction"
            }
        })
    }
}
