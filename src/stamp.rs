//! The stamp of an object: the name of the machine that it was built for.
//!
//! No kernel checks which machine's registers a probe reads: every kernel would run the probe. So each object that is
//! built with this crate has a section, `.probe_abi`, with the machine's name. BPF loaders ignore the section; your
//! loader can call [`Machine::of_object`] before it loads the object.

use core::fmt;

use crate::machine::Machine;

/// The bytes before the name. A zero byte is after the name.
const BEFORE: [u8; 19] = *b"\x7fprobe-abi machine=";

/// Room for the longest name and a zero byte.
const LENGTH: usize = BEFORE.len() + 16;

#[cfg(target_arch = "bpf")]
#[used]
#[unsafe(link_section = ".probe_abi")]
static STAMP: [u8; LENGTH] = stamp(crate::ARCH);

/// The stamp of the machine of that name.
#[cfg_attr(not(target_arch = "bpf"), allow(dead_code))]
#[inline]
const fn stamp(name: &str) -> [u8; LENGTH] {
    let name = name.as_bytes();
    assert!(name.len() < LENGTH - BEFORE.len());
    let mut stamp = [0; LENGTH];
    let mut at = 0;
    while at < BEFORE.len() + name.len() {
        stamp[at] = match at.checked_sub(BEFORE.len()) {
            Some(letter) => name[letter],
            None => BEFORE[at],
        };
        at += 1;
    }
    stamp
}

impl Machine {
    /// The machine that an object's probes were built for. A loader checks it before it loads them.
    ///
    /// ```
    /// use probe_abi::machine::Machine;
    ///
    /// /// Refuses the probes of another machine.
    /// fn check(object: &[u8]) -> Result<(), String> {
    ///     let machine = Machine::of_object(object).map_err(|error| error.to_string())?;
    ///     match machine.name == probe_abi::ARCH {
    ///         true => Ok(()),
    ///         false => Err(format!("the probes are for `{}`, and this is `{}`", machine.name, probe_abi::ARCH)),
    ///     }
    /// }
    /// # assert!(check(b"no object").is_err());
    /// ```
    ///
    /// `object` is the whole file. The byte order is not in the stamp, because the object's own header has it.
    ///
    /// # Errors
    ///
    /// The object has no stamp, a stamp that this version does not know, or the stamps of two machines.
    #[inline]
    pub fn of_object(object: &[u8]) -> Result<&'static Machine, NoMachine<'_>> {
        let mut found: Option<&Machine> = None;
        let mut rest = object;
        while let Some(start) = rest.windows(BEFORE.len()).position(|bytes| bytes == BEFORE) {
            rest = &rest[start + BEFORE.len()..];
            let end = rest.iter().position(|&byte| byte == 0);
            let name = &rest[..end.unwrap_or(rest.len())];
            let machine = core::str::from_utf8(name).ok().and_then(Machine::named);
            let machine = machine.ok_or(NoMachine::Unknown(name))?;
            match found {
                Some(other) if other.name != machine.name => {
                    return Err(NoMachine::Two(other, machine));
                }
                _ => found = Some(machine),
            }
        }
        found.ok_or(NoMachine::NoStamp)
    }
}

/// Why the machine of an object is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMachine<'a> {
    /// It has no stamp: its probes were not built with this crate, or it is not a BPF object.
    NoStamp,
    /// Its stamp has this name, which this version of the crate does not know. The name may not be UTF-8.
    Unknown(&'a [u8]),
    /// Its probes are for two different machines.
    Two(&'static Machine, &'static Machine),
}

impl fmt::Display for NoMachine<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStamp => f.write_str(
                "the object does not say for which machine its probes are: it was not built with probe-abi",
            ),
            Self::Unknown(name) => {
                let name = name.utf8_chunks().next().map_or("", |chunk| chunk.valid());
                write!(f, "the object is for a machine `{name}`, which is not known: accepted are")?;
                for (index, machine) in crate::arch::MACHINES.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma} `{}`", machine.name)?;
                }
                Ok(())
            }
            Self::Two(one, other) => write!(
                f,
                "the object has probes for `{}` and for `{}`: it can run on one machine only",
                one.name, other.name
            ),
        }
    }
}

impl core::error::Error for NoMachine<'_> {}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{string::ToString, vec::Vec};

    use super::*;
    use crate::arch::MACHINES;

    /// An object that has these stamps.
    #[inline]
    fn object(names: &[&str]) -> Vec<u8> {
        let mut object = Vec::from(*b"\x7fELF, and what else there is");
        for name in names {
            object.extend(stamp(name));
            object.extend(*b"more");
        }
        object
    }

    #[test]
    #[inline]
    fn each_machine_is_found() {
        for machine in MACHINES {
            assert_eq!(Machine::of_object(&object(&[machine.name])), Ok(machine));
            // As if two versions of this crate were in one program.
            assert_eq!(Machine::of_object(&object(&[machine.name; 2])), Ok(machine));
        }
    }

    #[test]
    #[inline]
    fn what_is_no_stamp_is_refused() {
        let said = |object: &[u8]| Machine::of_object(object).map_err(|error| error.to_string());
        let none = "the object does not say for which machine its probes are: it was not built with probe-abi";
        for object in [&b""[..], b"\x7fELF", &BEFORE[1..], &object(&[])] {
            assert_eq!(said(object), Err(none.to_string()));
        }
        assert_eq!(
            said(&object(&["arm", "s390x"])),
            Err(
                "the object has probes for `arm` and for `s390x`: it can run on one machine only"
                    .to_string()
            )
        );
        let unknown = said(&object(&["vax"])).expect_err("there is no such machine");
        assert!(unknown.starts_with(
            "the object is for a machine `vax`, which is not known: accepted are `x86_64`,"
        ));
        // The stamp ends in the middle.
        assert_eq!(Machine::of_object(&BEFORE), Err(NoMachine::Unknown(b"")));
    }
}
